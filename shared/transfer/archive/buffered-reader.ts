import { type RandomAccessFile, type ReadOptions, readBytes } from './random-access.ts';
import type { TarBytes } from './tar-bytes.ts';

/** Covers neighbouring headers and small files, and wastes little before a large file. */
const WINDOW_BYTES = 64 * 1024;

/** Reads small pieces of a file through a window, so that neighbouring pieces take one read. */
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

  /** `length` bytes from `offset`, fewer at the end of the file. At most a window. */
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
