import { BudgetError, isRetryable, PolicyError, RecordVersionError, RegistryError } from '../errors.ts';

/**
 * What kind of failure it was. `retry`: may succeed the next time. `wait`: will fit at a later time. `hold`: a policy says
 * not yet, or a record is of a later version. `dead-letter`: cannot succeed.
 */
export type Disposition =
  | { readonly action: 'retry' }
  | { readonly action: 'wait'; readonly afterMs: number }
  /** `afterMs`: when the policy is to be asked again, if it says so. */
  | { readonly action: 'hold'; readonly afterMs?: number }
  /** `slowTries`: it may be cured from outside, so it gets that many more tries first, far apart. */
  | { readonly action: 'dead-letter'; readonly slowTries?: number };

const DEFAULT_WAIT_MS = 15 * 60_000;
/** A deployment takes minutes; after a rollback this costs one read each time. */
const LATER_VERSION_MS = 10 * 60_000;
const MAX_WAIT_MS = 24 * 60 * 60_000;
/** An hour of them outlasts the rotation of a password. */
const TRIES_WHEN_DENIED = 3;

/**
 * Decides by the kind of failure. What cannot succeed is dead-lettered at once; a rate limit, a budget, a policy and a
 * later version of Longshore are waited for, which is no failed try; everything else, also the unknown, is tried again a
 * bounded number of times.
 */
export function dispositionOf(error: unknown, now: () => number = Date.now): Disposition {
  if (error instanceof BudgetError) return waitFor(error.until.getTime() - now());
  if (error instanceof PolicyError) {
    return { action: 'hold', ...(error.until && { afterMs: bounded(error.until.getTime() - now()) }) };
  }
  // A worker of that version may take the message the next time, however long this one is still deployed.
  if (error instanceof RecordVersionError) return { action: 'hold', afterMs: LATER_VERSION_MS };
  if (error instanceof RegistryError) {
    if (error.code === 'E_RATE_LIMITED') return waitFor(error.retryAfterMs ?? DEFAULT_WAIT_MS);
    // Without a status it was us who refused.
    if (error.code === 'E_DENIED' && error.status !== undefined) {
      return { action: 'dead-letter', slowTries: TRIES_WHEN_DENIED };
    }
  }
  return { action: isRetryable(error) ? 'retry' : 'dead-letter' };
}

function waitFor(ms: number): Disposition {
  return { action: 'wait', afterMs: bounded(ms) };
}

/** What is waited for may change meanwhile: it is looked at once a day. An invalid time is no reason to wait for longer. */
function bounded(ms: number): number {
  if (Number.isNaN(ms)) return DEFAULT_WAIT_MS;
  return Math.min(Math.max(ms, 1000), MAX_WAIT_MS);
}
