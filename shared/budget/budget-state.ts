import { allowance, current, isLimited, type Ledger, limitOf, reservedOf, windowOf } from './ledger.ts';
import { type BudgetPolicy, floorOf } from './policy.ts';
import { freeAt } from './turn.ts';

/** A budget for people. */
export interface BudgetState {
  readonly registry: string;
  /** Whose pulls are counted. */
  readonly account: string;
  /** `null`: nothing limits pulls, as far as is known. */
  readonly limit: number | null;
  readonly windowSeconds: number | null;
  /** Pulls that may still be made, without those kept back. */
  readonly available: number | null;
  /** Of those available, promised to work that goes on. */
  readonly reserved: number;
  readonly keptBack: number;
  /** When the upstream last said what remains, ISO 8601. */
  readonly announcedAt: string | null;
  /** When pulls are expected to be free again, ISO 8601; `null`: there are some. */
  readonly freeAt: string | null;
  /** Work is put off, spread out until then, ISO 8601. */
  readonly queuedUntil: string | null;
}

export function budgetState(stored: Ledger, policy: BudgetPolicy, now: number): BudgetState {
  const ledger = current(stored, policy, now);
  const { registry, account, announcedAt, nextTurnAt } = ledger;
  const limit = limitOf(ledger, policy);
  const limited = isLimited(ledger, policy);
  const left = allowance(ledger, policy);
  return {
    registry,
    account,
    limit: limited ? limit : null,
    windowSeconds: limited ? windowOf(ledger, policy) / 1000 : null,
    available: limited ? Math.max(left, 0) : null,
    reserved: reservedOf(ledger),
    keptBack: limited ? floorOf(policy, limit) : 0,
    announcedAt: announcedAt === undefined ? null : new Date(announcedAt).toISOString(),
    freeAt: limited && left < 1 ? new Date(freeAt(ledger, policy, 1, now)).toISOString() : null,
    queuedUntil: nextTurnAt > now ? new Date(nextTurnAt).toISOString() : null,
  };
}
