import { Readable } from 'node:stream';
import { isPooled, release } from './buffer-pool.ts';

const MAX_UNDER_WAY = 8;

/**
 * A request's body, piece by piece as the connection takes them. Gives back the memory of those that have left the
 * process: undici stops the stream when a piece has to wait, and resumes it when the connection has drained, which
 * is when every write before has ended. Memory that is not known to have been read to its end is not given back.
 */
export class OutgoingBody extends Readable {
  readonly #pieces: AsyncIterator<Uint8Array>;
  /** Written since the connection was last known to be empty. */
  #underWay: Uint8Array[] = [];

  constructor(pieces: AsyncIterable<Uint8Array>) {
    // Nothing ahead of what the connection takes.
    super({ objectMode: true, highWaterMark: 0 });
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  override _read(): void {
    this.#pieces.next().then(
      (step) => this.#pass(step),
      (error) => this.destroy(error),
    );
  }

  #pass({ done, value }: IteratorResult<Uint8Array, unknown>): void {
    if (done) {
      this.push(null);
      return;
    }
    if (isPooled(value)) this.#underWay.push(value);
    // A connection that takes all at once never drains.
    if (this.#underWay.length > MAX_UNDER_WAY) this.#underWay = [];
    this.push(value);
  }

  override resume(): this {
    if (this.readableLength === 0) {
      for (const piece of this.#underWay.splice(0)) release(piece);
    }
    return super.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // Not waited for: a source in the middle of a read answers only when that read does.
    this.#pieces.return?.().catch(() => {});
    callback(error);
  }
}
