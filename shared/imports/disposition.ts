import { ArchiveError, LongshoreError, RegistryError, TransportError } from '../errors.ts';

/** What becomes of work that failed: tried again after longer and longer, as late as was asked for, or not at all. */
export type Disposition =
  | { readonly action: 'retry' }
  | { readonly action: 'wait'; readonly afterMs: number }
  | { readonly action: 'set-aside' };

const DEFAULT_RATE_LIMIT_WAIT_MS = 15 * 60_000;
const MAX_WAIT_MS = 24 * 60 * 60_000;

/**
 * Decides by the kind of failure. What can never succeed is set aside at once; a rate limit is waited out and is no
 * failed try; everything else, also the unknown, is tried again a bounded number of times.
 */
export function dispositionOf(error: unknown): Disposition {
  if (!(error instanceof LongshoreError)) return { action: 'retry' };
  if (error instanceof RegistryError) {
    if (error.code === 'E_RATE_LIMITED') {
      const wait = error.retryAfterMs ?? DEFAULT_RATE_LIMIT_WAIT_MS;
      return { action: 'wait', afterMs: Math.min(Math.max(wait, 1000), MAX_WAIT_MS) };
    }
    return { action: error.code === 'E_UNAVAILABLE' ? 'retry' : 'set-aside' };
  }
  if (error instanceof TransportError)
    return { action: error.code === 'E_TOO_LARGE' ? 'set-aside' : 'retry' };
  if (error instanceof ArchiveError)
    return { action: error.code === 'E_ARCHIVE_FORMAT' ? 'set-aside' : 'retry' };
  if (error.code === 'E_DIGEST_MISMATCH' || error.code === 'E_SIZE_MISMATCH') return { action: 'retry' };
  return { action: 'set-aside' };
}
