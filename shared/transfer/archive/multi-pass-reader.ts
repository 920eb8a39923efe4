import { ArchiveError } from '../../errors.ts';
import type { ReadOptions } from './random-access.ts';

type OpenPass = (options: ReadOptions) => AsyncIterable<Uint8Array>;

interface Waiting {
  readonly offset: number;
  readonly begin: () => void;
}

/**
 * Random reads of a stream that can only be read from its beginning (elevator algorithm). A pass moves
 * forwards and serves the requests ahead of it by offset; when all remaining requests are behind it, the next
 * pass begins. n parts requested w at a time in random order take about n/(2w) passes (replacement
 * selection), without memory or disk to keep them. Requests are served one at a time.
 */
export class MultiPassReader {
  readonly #openPass: OpenPass;
  readonly #stop = new AbortController();
  #waiting: Waiting[] = [];
  #isTaken = false;
  #pass: Pass | undefined;

  constructor(openPass: OpenPass) {
    this.#openPass = openPass;
  }

  /**
   * Waits until no other request is served, then gives `length` bytes from `offset`. The request ends when
   * they were read to their end, at `return`, or when `signal` aborts; until then all others wait.
   */
  async read(
    offset: number,
    length: number,
    { signal }: ReadOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    await this.#turn(offset, signal);
    try {
      return this.#part(await this.#passAt(offset), length, signal);
    } catch (error) {
      this.#endTurn({ dropsPass: true });
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('The archive was closed.'));
    await this.#pass?.close();
  }

  async #turn(offset: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    this.#stop.signal.throwIfAborted();
    if (!this.#isTaken) {
      this.#isTaken = true;
      return;
    }
    const { promise, resolve: begin, reject } = Promise.withResolvers<void>();
    const waiting = { offset, begin };
    this.#waiting.push(waiting);
    const either = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    const giveUp = () => {
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
      reject(either.reason);
    };
    either.addEventListener('abort', giveUp, { once: true });
    await promise.finally(() => either.removeEventListener('abort', giveUp));
  }

  #endTurn({ dropsPass }: { readonly dropsPass: boolean }): void {
    if (dropsPass) {
      this.#pass?.close().catch(() => {});
      this.#pass = undefined;
    }
    const position = this.#pass?.position ?? 0;
    const ahead = this.#waiting.filter(({ offset }) => offset >= position);
    const candidates = ahead.length > 0 ? ahead : this.#waiting;
    const next = candidates.reduce<Waiting | undefined>(
      (first, one) => (first && first.offset <= one.offset ? first : one),
      undefined,
    );
    this.#waiting = this.#waiting.filter((one) => one !== next);
    this.#isTaken = next !== undefined;
    next?.begin();
  }

  async #passAt(offset: number): Promise<Pass> {
    if (this.#pass && this.#pass.position > offset) {
      await this.#pass.close();
      this.#pass = undefined;
    }
    this.#pass ??= new Pass(this.#openPass({ signal: this.#stop.signal }));
    const pass = this.#pass;
    while (pass.position < offset) await pass.next(offset - pass.position);
    return pass;
  }

  #part(pass: Pass, length: number, signal: AbortSignal | undefined): AsyncIterableIterator<Uint8Array> {
    let left = length;
    let isOver = false;
    let isReading = false;
    const end = (dropsPass: boolean) => {
      if (isOver) return;
      isOver = true;
      signal?.removeEventListener('abort', abandon);
      this.#endTurn({ dropsPass });
    };
    const abandon = () => end(isReading);
    signal?.addEventListener('abort', abandon, { once: true });
    if (left === 0 || signal?.aborted) end(false);
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        signal?.throwIfAborted();
        if (isOver) return { done: true, value: undefined };
        isReading = true;
        try {
          const value = await pass.next(left);
          left -= value.byteLength;
          isReading = false;
          if (left === 0) end(false);
          return { done: false, value };
        } catch (error) {
          end(true);
          throw error;
        }
      },
      async return() {
        abandon();
        return { done: true, value: undefined };
      },
    };
  }
}

/** One read of the stream from its beginning. */
class Pass {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  /** Offset of the next byte. */
  position = 0;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** Some of the next bytes, at least one and at most `limit`. */
  async next(limit: number): Promise<Uint8Array> {
    while (this.#rest.byteLength === 0) {
      const step = await this.#chunks.next();
      if (step.done) {
        throw new ArchiveError(
          'E_ARCHIVE_INCOMPLETE',
          `The archive ended at byte ${this.position}; it had more bytes when it was opened.`,
        );
      }
      this.#rest = step.value;
    }
    const piece = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(piece.byteLength);
    this.position += piece.byteLength;
    return piece;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
