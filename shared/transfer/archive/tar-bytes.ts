/** The bytes of a tar archive as its headers are read: forwards, with jumps. */
export interface TarBytes {
  /** `length` bytes from `offset`, or as many as there are before the end. At most 64 KiB; never goes back. */
  piece(offset: number, length: number): Promise<Uint8Array>;
  /** The size of the whole if it is less than `end`. */
  sizeBelow(end: number): Promise<number | undefined>;
}
