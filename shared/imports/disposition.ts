import { ArchiveError, BudgetError, LongshoreError, RegistryError, TransportError } from '../errors.ts';

/** What becomes of work that failed: tried again after longer and longer, as late as was asked for, or not at all. */
export type Disposition =
  | { readonly action: 'retry' }
  | { readonly action: 'wait'; readonly afterMs: number }
  /** `slowTries`: it may be cured from outside, so whoever can wait gives it so many more tries first, far apart. */
  | { readonly action: 'dead-letter'; readonly slowTries?: number };

const DEFAULT_RATE_LIMIT_WAIT_MS = 15 * 60_000;
const MAX_WAIT_MS = 24 * 60 * 60_000;
/** The rotation of a password is over after an hour of them. */
const TRIES_WHEN_DENIED = 3;

/**
 * Decides by the kind of failure. What can never succeed is dead-lettered at once; a rate limit is waited out and is no
 * failed try, and so is a budget; everything else, also the unknown, is tried again a bounded number of times.
 */
export function dispositionOf(error: unknown, now: () => number = Date.now): Disposition {
  if (!(error instanceof LongshoreError)) return { action: 'retry' };
  if (error instanceof BudgetError) return waitFor(error.until.getTime() - now());
  if (error instanceof RegistryError) {
    if (error.code === 'E_RATE_LIMITED') return waitFor(error.retryAfterMs ?? DEFAULT_RATE_LIMIT_WAIT_MS);
    // Without a status it was us who refused.
    if (error.code === 'E_DENIED' && error.status !== undefined) {
      return { action: 'dead-letter', slowTries: TRIES_WHEN_DENIED };
    }
    return { action: error.code === 'E_UNAVAILABLE' ? 'retry' : 'dead-letter' };
  }
  if (error instanceof TransportError)
    return { action: error.code === 'E_TOO_LARGE' ? 'dead-letter' : 'retry' };
  if (error instanceof ArchiveError)
    return { action: error.code === 'E_ARCHIVE_INCOMPLETE' ? 'retry' : 'dead-letter' };
  if (error.code === 'E_DIGEST_MISMATCH' || error.code === 'E_SIZE_MISMATCH') return { action: 'retry' };
  return { action: 'dead-letter' };
}

function waitFor(ms: number): Disposition {
  return { action: 'wait', afterMs: Math.min(Math.max(ms, 1000), MAX_WAIT_MS) };
}
