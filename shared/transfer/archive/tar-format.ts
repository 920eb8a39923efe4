/** Everything in a tar archive begins at a multiple of this. POSIX pax, "ustar Interchange Format". */
export const BLOCK_BYTES = 512;
/** Two blocks of zeros end an archive. */
export const TRAILER_BYTES = 2 * BLOCK_BYTES;
const MAX_USTAR_NAME = 100;
const MAX_OCTAL_SIZE = 8 ** 11 - 1;

/** The length of a file in the archive: header, content and padding. */
export function memberBytes(path: string, size: number): number {
  return headerBytes(path) + size + paddingBytes(size);
}

/** The length of the header. A longer path, that of a SHA-512 blob, takes a pax record: two more blocks. */
export function headerBytes(path: string): number {
  return path.length <= MAX_USTAR_NAME ? BLOCK_BYTES : 3 * BLOCK_BYTES;
}

export function paddingBytes(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

/**
 * The header of a file. It has no owner and no time, so that equal content gives equal bytes. It is written
 * here so that no new version of a library changes it.
 * @param path ASCII, shorter than 400 characters
 */
export function tarHeader(path: string, size: number): Uint8Array {
  if (path.length <= MAX_USTAR_NAME) return ustarHeader(path, size, '0');
  const record = paxRecord('path', path);
  return Buffer.concat([
    ustarHeader('PaxHeader', record.byteLength, 'x'),
    record,
    Buffer.alloc(paddingBytes(record.byteLength)),
    ustarHeader(path.slice(0, MAX_USTAR_NAME), size, '0'),
  ]);
}

function ustarHeader(name: string, size: number, typeflag: string): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0, 'ascii');
  block.write('0000644\0', 100, 'ascii');
  block.write('0000000\0', 108, 'ascii');
  block.write('0000000\0', 116, 'ascii');
  writeSize(block, size);
  block.write('00000000000\0', 136, 'ascii');
  block.write(' '.repeat(8), 148, 'ascii');
  block.write(typeflag, 156, 'ascii');
  block.write('ustar\x0000', 257, 'ascii');
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}

/** Eleven octal digits, or from 8 GiB on a binary number with the first bit set, as GNU tar writes it. */
function writeSize(block: Buffer, size: number): void {
  if (size <= MAX_OCTAL_SIZE) {
    block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'ascii');
    return;
  }
  block.writeUInt8(0x80, 124);
  block.writeBigUInt64BE(BigInt(size), 128);
}

/** The length at the front includes its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length += 1;
  return Buffer.from(`${length}${rest}`, 'ascii');
}
