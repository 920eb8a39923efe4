import { type ErrorContext, IntegrityError } from '../errors.ts';
import type { Descriptor } from './descriptor.ts';
import { algorithmOf, Digester, digestOf } from './digest.ts';

/**
 * Passes chunks on while hashing them. Ends normally only if exactly `size` bytes with the right digest went
 * through: a consumer that finishes has the right bytes, one that sees a throw must discard what it has.
 * @param context what the bytes were read for, and from which side: the error carries it
 * @throws IntegrityError `E_SIZE_MISMATCH` as soon as one byte too many arrives or at an early end, `E_DIGEST_MISMATCH` at the end.
 */
export async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  context: ErrorContext = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const digester = new Digester(algorithmOf(digest));
  let seen = 0;
  for await (const chunk of chunks) {
    seen += chunk.byteLength;
    if (seen > size) throw sizeMismatch(digest, size, `at least ${seen}`, context);
    digester.update(chunk);
    yield chunk;
  }
  if (seen !== size) throw sizeMismatch(digest, size, `${seen}`, context);
  const actual = digester.finish();
  if (actual !== digest) throw digestMismatch(digest, actual, context);
}

/** Checks bytes already at hand. @throws IntegrityError */
export function verifyBytes(
  bytes: Uint8Array,
  { digest, size }: { digest: Descriptor['digest']; size?: number | undefined },
  context: ErrorContext = {},
): void {
  if (size !== undefined && bytes.byteLength !== size)
    throw sizeMismatch(digest, size, `${bytes.byteLength}`, context);
  const actual = digestOf(bytes, algorithmOf(digest));
  if (actual !== digest) throw digestMismatch(digest, actual, context);
}

function sizeMismatch(
  digest: string,
  expected: number,
  actual: string,
  context: ErrorContext,
): IntegrityError {
  return new IntegrityError(
    'E_SIZE_MISMATCH',
    `${digest} should be ${expected} bytes long, but ${actual} arrived. Nothing was tagged.`,
    context,
  );
}

function digestMismatch(expected: string, actual: string, context: ErrorContext): IntegrityError {
  return new IntegrityError(
    'E_DIGEST_MISMATCH',
    `The bytes sent for ${expected} have the digest ${actual}. Nothing was tagged.`,
    context,
  );
}
