import { createCipheriv, createHash } from 'node:crypto';

const CHUNK_BYTES = 256 * 1024;

/** The same `length` bytes for the same seed, of no pattern a compressor could use, made as they are read. */
export function* incompressibleBytes(seed: string, length: number): Generator<Uint8Array, void, undefined> {
  const key = createHash('sha256').update(seed).digest();
  const keystream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  for (let left = length; left > 0; left -= CHUNK_BYTES) {
    yield keystream.update(left < CHUNK_BYTES ? zeros.subarray(0, left) : zeros);
  }
}
