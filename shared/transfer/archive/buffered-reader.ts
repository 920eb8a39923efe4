import { type RandomAccessFile, type ReadOptions, readBytes } from './random-access.ts';
import type { TarBytes } from './tar-bytes.ts';

/** Enough for the headers and small files that lie together; what is read in vain before a large file is small. */
const WINDOW_BYTES = 64 * 1024;

/** Gives out small pieces of a file, fetched a window at a time so that neighbours cost one read. */
export class BufferedReader implements TarBytes {
  readonly #file: RandomAccessFile;
  readonly #options: ReadOptions;
  #start = 0;
  #window: Uint8Array = new Uint8Array(0);

  constructor(file: RandomAccessFile, options: ReadOptions) {
    this.#file = file;
    this.#options = options;
  }

  async sizeBelow(end: number): Promise<number | undefined> {
    return this.#file.size < end ? this.#file.size : undefined;
  }

  /** `length` bytes from `offset`, or as many as there are before the end of the file. At most a window. */
  async piece(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(offset + length, this.#file.size);
    if (offset >= end) return new Uint8Array(0);
    if (offset < this.#start || end > this.#start + this.#window.byteLength) {
      const windowLength = Math.min(WINDOW_BYTES, this.#file.size - offset);
      this.#window = await readBytes(this.#file, offset, windowLength, this.#options);
      this.#start = offset;
    }
    return this.#window.subarray(offset - this.#start, end - this.#start);
  }
}
