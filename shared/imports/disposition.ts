import { ArchiveError, LongshoreError, RegistryError, TransportError } from '../errors.ts';

/** What the queue does with a message whose work failed. */
export type Disposition =
  | { readonly action: 'redeliver' }
  | { readonly action: 'reschedule'; readonly afterMs: number }
  | { readonly action: 'set-aside' };

const DEFAULT_RATE_LIMIT_WAIT_MS = 15 * 60_000;
const MAX_WAIT_MS = 24 * 60 * 60_000;

/**
 * Decides by the kind of failure. What can never succeed is set aside at once; a rate limit is waited out with a
 * scheduled message, which burns no delivery count; everything else, also the unknown, is redelivered by the
 * queue a bounded number of times.
 */
export function dispositionOf(error: unknown): Disposition {
  if (!(error instanceof LongshoreError)) return { action: 'redeliver' };
  if (error instanceof RegistryError) {
    if (error.code === 'E_RATE_LIMITED') {
      const wait = error.retryAfterMs ?? DEFAULT_RATE_LIMIT_WAIT_MS;
      return { action: 'reschedule', afterMs: Math.min(Math.max(wait, 1000), MAX_WAIT_MS) };
    }
    return { action: error.code === 'E_UNAVAILABLE' ? 'redeliver' : 'set-aside' };
  }
  if (error instanceof TransportError)
    return { action: error.code === 'E_TOO_LARGE' ? 'set-aside' : 'redeliver' };
  if (error instanceof ArchiveError)
    return { action: error.code === 'E_ARCHIVE_FORMAT' ? 'set-aside' : 'redeliver' };
  if (error.code === 'E_DIGEST_MISMATCH' || error.code === 'E_SIZE_MISMATCH') return { action: 'redeliver' };
  return { action: 'set-aside' };
}
