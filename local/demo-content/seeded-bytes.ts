import { createCipheriv, createHash } from 'node:crypto';

/** Noise that does not compress: the same for the same seed, on every machine. */
export function seededBytes(seed: string, length: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
