// None of these can begin a tar archive: they are not UTF-8, and a tar archive begins with a name.
const MAGIC_NUMBERS: readonly (readonly [string, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  // A skippable frame, with which parallel compressors begin.
  ['zstd', [0x50, 0x2a, 0x4d, 0x18]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** The compression whose magic number the bytes begin with, if any. */
export function compressionOf(start: Uint8Array): string | undefined {
  return MAGIC_NUMBERS.find(([, magic]) => magic.every((byte, at) => start[at] === byte))?.[0];
}
