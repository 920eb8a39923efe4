/** The bytes of a tar archive while its headers are read: forwards, skipping contents. */
export interface TarBytes {
  /** `length` bytes from `offset`, fewer at the end. At most 64 KiB. Offsets never decrease. */
  piece(offset: number, length: number): Promise<Uint8Array>;
  /** The size of the archive if it is less than `end`. */
  sizeBelow(end: number): Promise<number | undefined>;
}
