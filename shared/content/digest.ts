import { createHash, type Hash } from 'node:crypto';
import { InvalidInputError } from '../errors.ts';

declare const digestBrand: unique symbol;

/** A content digest such as `sha256:9f86…`: lower-case hex, registered algorithm, right length. OCI image-spec, "Digests". */
export type Digest = `${DigestAlgorithm}:${string}` & { readonly [digestBrand]: true };

export type DigestAlgorithm = 'sha256' | 'sha512';

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** @throws InvalidInputError `E_DIGEST` for anything but a lower-case sha256 or sha512 digest. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new InvalidInputError(
    'E_DIGEST',
    `"${text.slice(0, 160)}" is not a digest. Expected sha256: followed by 64, or sha512: followed by 128, lower-case hexadecimal digits.`,
  );
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

/** The hexadecimal part. */
export function encodedOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

/** Hashes a stream piece by piece. */
export class Digester {
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: Hash;

  constructor(algorithm: DigestAlgorithm = 'sha256') {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The digest of everything given so far; the digester cannot be used afterwards. */
  finish(): Digest {
    return `${this.#algorithm}:${this.#hash.digest('hex')}` as Digest;
  }
}
