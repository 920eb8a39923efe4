import { crc32 } from 'node:zlib';
import { incompressibleBytes } from './incompressible-bytes.ts';

/** The most that one stored block holds (RFC 1951, section 3.2.4). */
const BLOCK_BYTES = 65_535;
/** RFC 1952: deflate, no flags, no time, unknown system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/**
 * A gzip file of `contentBytes` incompressible bytes, the same ones for the same seed. Clients that look at a
 * layer's first bytes see that it is compressed and do not compress it themselves; stored blocks make it cheap.
 */
export function* gzipLayer(seed: string, contentBytes: number): Generator<Uint8Array, void, undefined> {
  yield GZIP_HEADER;
  let checksum = 0;
  for (const chunk of incompressibleBytes(seed, contentBytes)) {
    checksum = crc32(chunk, checksum);
    for (let at = 0; at < chunk.byteLength; at += BLOCK_BYTES) {
      const block = chunk.subarray(at, at + BLOCK_BYTES);
      yield storedBlockHeader(block.byteLength, 0);
      yield block;
    }
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(contentBytes % 2 ** 32, 4);
  yield storedBlockHeader(0, 1);
  yield trailer;
}

function storedBlockHeader(length: number, isLast: 0 | 1): Uint8Array {
  const header = Buffer.alloc(5);
  header[0] = isLast;
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(length ^ 0xffff, 3);
  return header;
}
