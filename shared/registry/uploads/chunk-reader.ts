/** Cuts one source of bytes into chunks, whatever the sizes of its pieces. */
export class ChunkReader {
  readonly #open: () => Promise<AsyncIterable<Uint8Array>>;
  #bytes: OpenedBytes | undefined;

  /** @param open opens the source at its first byte, again when called again */
  constructor(open: () => Promise<AsyncIterable<Uint8Array>>) {
    this.#open = open;
  }

  /** Reads on until byte `offset` is the next, without keeping what is read; from the source's beginning if it is past that. */
  async skipTo(offset: number): Promise<void> {
    for await (const _ of (await this.#from(offset)).until(offset));
  }

  /** The bytes from `start` up to `end`, `end` not included. */
  async read(start: number, end: number): Promise<AsyncIterable<Uint8Array>> {
    await this.skipTo(start);
    return (await this.#from(start)).until(end);
  }

  /** Lets the source know that its last byte was taken. */
  async end(): Promise<void> {
    await this.#bytes?.end();
  }

  async #from(offset: number): Promise<OpenedBytes> {
    // What is being read when an attempt broke off may have moved past what arrived.
    if (!this.#bytes || this.#bytes.position > offset) this.#bytes = new OpenedBytes(await this.#open());
    return this.#bytes;
  }
}

class OpenedBytes {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array | undefined;
  /** Of the next byte, in the source. */
  position = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Ends at the source's end, if that comes first. Leaving it in the middle leaves the source open. */
  async *until(end: number): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.position < end) {
      const piece = this.#rest ?? (await this.#next());
      if (!piece) return;
      const wanted = piece.subarray(0, end - this.position);
      this.#rest = wanted.byteLength < piece.byteLength ? piece.subarray(wanted.byteLength) : undefined;
      this.position += wanted.byteLength;
      yield wanted;
    }
  }

  async end(): Promise<void> {
    await this.#source.next();
  }

  async #next(): Promise<Uint8Array | undefined> {
    const step = await this.#source.next();
    return step.done ? undefined : step.value;
  }
}
