import { IntegrityError } from '../../errors.ts';

/**
 * What a blob's source gives, on its way into one request. The last piece is held back until the source has
 * ended well with exactly `size` bytes, so a blob that its source calls wrong is never complete on the wire.
 * Remembers the source's failure, which a request would only report as a broken connection.
 */
export class UploadBody {
  readonly #open: () => Promise<AsyncIterable<Uint8Array>>;
  readonly #size: number;
  readonly #onBytes: ((count: number) => void) | undefined;
  #source: AsyncIterator<Uint8Array> | undefined;
  #ahead: Promise<AsyncIterable<Uint8Array>> | undefined;
  #failure: { readonly error: unknown; readonly whileOpening: boolean } | undefined;

  constructor(
    open: () => Promise<AsyncIterable<Uint8Array>>,
    size: number,
    onBytes?: (count: number) => void,
  ) {
    this.#open = open;
    this.#size = size;
    this.#onBytes = onBytes;
  }

  /** What went wrong at the source, if that is what went wrong. */
  get failure(): { readonly error: unknown; readonly whileOpening: boolean } | undefined {
    return this.#failure;
  }

  /** Opens the source now for the first `make`, so that both registries get ready at the same time. */
  openAhead(): void {
    this.#ahead = this.#open();
    // `make` reports the failure.
    this.#ahead.catch(() => {});
  }

  /** Opens the source, again when called again. */
  async make(): Promise<AsyncIterable<Uint8Array>> {
    const opening = this.#ahead ?? this.#open();
    this.#ahead = undefined;
    this.stop();
    try {
      this.#source = (await opening)[Symbol.asyncIterator]();
    } catch (error) {
      this.#failure = { error, whileOpening: true };
      throw error;
    }
    return this.#pieces(this.#source);
  }

  /** Lets go of the source. */
  stop(): void {
    // Not waited for: a source in the middle of a read answers only when that read does.
    this.#source?.return?.().catch(() => {});
    this.#source = undefined;
    this.#ahead?.then((source) => source[Symbol.asyncIterator]().return?.()).catch(() => {});
    this.#ahead = undefined;
  }

  async *#pieces(source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    let held: Uint8Array | undefined;
    let seen = 0;
    for (;;) {
      const piece = await this.#next(source, seen);
      if (held) {
        yield held;
        this.#onBytes?.(held.byteLength);
      }
      if (!piece) return;
      held = piece;
      seen += piece.byteLength;
    }
  }

  /** The next piece; `undefined` after the last, once the count is right. */
  async #next(source: AsyncIterator<Uint8Array>, seen: number): Promise<Uint8Array | undefined> {
    try {
      const step = await source.next();
      const total = seen + (step.done ? 0 : step.value.byteLength);
      if (total > this.#size || (step.done && total !== this.#size)) {
        throw new IntegrityError(
          'E_SIZE_MISMATCH',
          `A blob of ${this.#size} bytes was to be uploaded, but its source gave ${total}. The upload was not finished.`,
          { operation: 'push blob' },
        );
      }
      return step.done ? undefined : step.value;
    } catch (error) {
      this.#failure = { error, whileOpening: false };
      throw error;
    }
  }
}
