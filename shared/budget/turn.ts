import { type Ledger, limitOf, unreserved, windowOf } from './ledger.ts';
import { type BudgetPolicy, floorOf } from './policy.ts';

/** No wait is longer: limits, accounts and plans change. */
const MAX_WAIT_MS = 24 * 60 * 60_000;
/** When to check again, in parts of a window, if no pull of ours is about to leave it: others spend too. */
const CHECKS_PER_WINDOW = 12;

/** The most pulls that an empty window has above the floor. */
export function capacityOf(ledger: Ledger, policy: BudgetPolicy): number {
  const limit = limitOf(ledger, policy);
  return limit === Number.POSITIVE_INFINITY ? limit : Math.max(limit - floorOf(policy, limit), 0);
}

/**
 * When `pulls` pulls may be free, if no others are made: spent ones leave a sliding window. A fixed window is free as early
 * or earlier, which its next announcement tells.
 */
export function freeAt(ledger: Ledger, policy: BudgetPolicy, pulls: number, now: number): number {
  const windowMs = windowOf(ledger, policy);
  let missing = pulls - unreserved(ledger, policy);
  if (missing <= 0) return now;
  for (const { at, pulls: leaving } of ledger.spent) {
    missing -= leaving;
    if (missing <= 0) return at + windowMs;
  }
  return now + windowMs / CHECKS_PER_WINDOW;
}

/**
 * When a deferred worker that needs `pulls` pulls comes back. Deferred workers come back one after another at the pace at
 * which a window frees pulls, not all at once.
 */
export function nextTurn(
  ledger: Ledger,
  policy: BudgetPolicy,
  pulls: number,
  now: number,
): { readonly ledger: Ledger; readonly at: number } {
  const latest = now + MAX_WAIT_MS;
  const at = Math.min(Math.max(freeAt(ledger, policy, pulls, now), ledger.nextTurnAt), latest);
  const pace = windowOf(ledger, policy) / Math.max(capacityOf(ledger, policy), 1);
  return { ledger: { ...ledger, nextTurnAt: Math.min(at + pulls * pace, latest) }, at };
}
