import type { TarBytes } from './tar-bytes.ts';

/** Reads pieces of a stream, forwards only. */
export class ForwardReader implements TarBytes {
  readonly #chunks: AsyncIterator<Uint8Array>;
  /** Bytes received from `#start` on and not yet discarded. */
  #held: Uint8Array = new Uint8Array(0);
  #start = 0;
  #isAtEnd = false;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /**
   * Up to `length` bytes from `offset`, fewer at the end of the stream. Bytes before `offset` are discarded.
   */
  async piece(offset: number, length: number): Promise<Uint8Array> {
    if (offset < this.#start) throw new RangeError(`Byte ${offset} was passed already.`);
    while (!this.#isAtEnd && this.#end < offset + length) {
      this.#pass(offset);
      const step = await this.#chunks.next();
      if (step.done) this.#isAtEnd = true;
      else this.#held = this.#held.byteLength === 0 ? step.value : Buffer.concat([this.#held, step.value]);
    }
    this.#pass(offset);
    return this.#held.subarray(0, length);
  }

  async sizeBelow(end: number): Promise<number | undefined> {
    if (end > this.#end) await this.piece(end - 1, 1);
    return this.#end < end ? this.#end : undefined;
  }

  /** Closes the source. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  get #end(): number {
    return this.#start + this.#held.byteLength;
  }

  #pass(offset: number): void {
    const passed = Math.min(Math.max(offset - this.#start, 0), this.#held.byteLength);
    this.#held = this.#held.subarray(passed);
    this.#start += passed;
  }
}
