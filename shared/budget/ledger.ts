import { z } from 'zod';
import { type BudgetPolicy, floorOf } from './policy.ts';

/** How many of an upstream's pulls are spent, under way and reserved. All times are milliseconds since the epoch. */
export const ledgerSchema = z.object({
  registry: z.string(),
  /** The account whose pulls the upstream counts: the source it announces, else our user name. */
  account: z.string(),
  /** As last announced; absent before. */
  limit: z.number().optional(),
  windowMs: z.number().optional(),
  remaining: z.number().optional(),
  announcedAt: z.number().optional(),
  /** Pulls that were ever started. */
  taken: z.number(),
  /** Announcements that were ever recorded. */
  announcements: z.number(),
  /** How far `taken` may go, as each announcement has it that none after it has replaced. The lowest counts. */
  ceilings: z.array(z.object({ announcement: z.number(), upTo: z.number() })),
  /** Manifests that the last index named that was read: what to expect of one that is not known. */
  children: z.number().optional(),
  /**
   * Workers: the pulls each may still need, those under way, and when it counts as dead. A list, not the one lease of a
   * record: many workers share the ledger, and a dead one's pulls under way must be counted as spent.
   */
  leases: z.array(z.object({ id: z.string(), pulls: z.number(), underWay: z.number(), until: z.number() })),
  /** Pulls that ended, by time; those that left the window are dropped. */
  spent: z.array(z.object({ at: z.number(), pulls: z.number() })),
  /** When the next deferred worker may come back. */
  nextTurnAt: z.number(),
});
export type Ledger = Readonly<z.infer<typeof ledgerSchema>>;

/** What a request keeps until its response, to tell which pulls the response has counted. */
export interface Anchor {
  /** Pulls that were over when the request was made: whatever it is answered has counted them. */
  readonly settled: number;
  /** Announcements that were written down by then: older than whatever it is answered. */
  readonly announcements: number;
}

export interface Announcement {
  readonly limit: number;
  readonly windowMs: number;
  readonly remaining: number;
}

/** A worker without a write for this long is dead; longer than any request for a manifest takes. */
const LEASE_MS = 10 * 60_000;
/** How finely `spent` tells times: parts of a window. */
const BUCKETS = 60;

export function emptyLedger(registry: string, account: string): Ledger {
  return {
    registry,
    account,
    taken: 0,
    announcements: 0,
    ceilings: [],
    leases: [],
    spent: [],
    nextTurnAt: 0,
  };
}

/** Without the leases of the dead, whose pulls under way count as spent, and what left the window. */
export function current(ledger: Ledger, policy: BudgetPolicy, now: number): Ledger {
  const windowMs = windowOf(ledger, policy);
  const dead = ledger.leases.filter(({ until }) => until <= now);
  const isOld = ledger.spent.some(({ at }) => at + windowMs <= now);
  if (dead.length === 0 && !isOld) return ledger;
  const lost = dead.reduce((sum, { underWay }) => sum + underWay, 0);
  const kept = ledger.spent.filter(({ at }) => at + windowMs > now);
  return {
    ...ledger,
    leases: ledger.leases.filter(({ until }) => until > now),
    spent: withSpent(kept, lost, windowMs, now),
  };
}

/** Whether anything is known that limits pulls. */
export function isLimited(ledger: Ledger, policy: BudgetPolicy): boolean {
  return ledger.ceilings.length > 0 || policy.limit !== undefined;
}

/** The smallest limit known; infinite when none is. */
export function limitOf({ limit }: Ledger, policy: BudgetPolicy): number {
  return Math.min(limit ?? Number.POSITIVE_INFINITY, policy.limit ?? Number.POSITIVE_INFINITY);
}

export function windowOf({ windowMs }: Ledger, policy: BudgetPolicy): number {
  return windowMs ?? policy.windowMs ?? DEFAULT_WINDOW_MS;
}
const DEFAULT_WINDOW_MS = 60 * 60_000;

/** Pulls that may begin now: what is left above the floor. */
export function allowance(ledger: Ledger, policy: BudgetPolicy): number {
  const announced = ceilingOf(ledger) - ledger.taken;
  const counted = (policy.limit ?? Number.POSITIVE_INFINITY) - spentOf(ledger) - underWayOf(ledger);
  const left = Math.min(announced, counted);
  return left === Number.POSITIVE_INFINITY ? left : left - floorOf(policy, limitOf(ledger, policy));
}

/** Pulls that are not reserved. */
export function unreserved(ledger: Ledger, policy: BudgetPolicy): number {
  return allowance(ledger, policy) - reservedOf(ledger);
}

export function reservedOf({ leases }: Ledger): number {
  return leases.reduce((sum, { pulls }) => sum + pulls, 0);
}

function underWayOf({ leases }: Ledger): number {
  return leases.reduce((sum, { underWay }) => sum + underWay, 0);
}

function spentOf({ spent }: Ledger): number {
  return spent.reduce((sum, { pulls }) => sum + pulls, 0);
}

/** How far `taken` may go; infinite when nothing was announced. */
export function ceilingOf({ ceilings }: Ledger): number {
  return ceilings.reduce((lowest, { upTo }) => Math.min(lowest, upTo), Number.POSITIVE_INFINITY);
}

/** Reserves pulls for a worker, or changes its reservation. The caller has checked `unreserved`. */
export function reserve(ledger: Ledger, id: string, pulls: number, now: number): Ledger {
  const lease = leaseOf(ledger, id);
  return withLease(ledger, { id, underWay: lease?.underWay ?? 0, pulls, until: now + LEASE_MS });
}

/** Records how many manifests the last index names. */
export function withChildren(ledger: Ledger, children: number): Ledger {
  return ledger.children === children ? ledger : { ...ledger, children };
}

/** Releases what the worker reserved and did not need. */
export function release(ledger: Ledger, id: string): Ledger {
  return leaseOf(ledger, id)
    ? { ...ledger, leases: ledger.leases.filter((lease) => lease.id !== id) }
    : ledger;
}

/** Starts one pull of a worker; `undefined` when none is left for it. */
export function take(ledger: Ledger, id: string, policy: BudgetPolicy, now: number): Ledger | undefined {
  const { pulls = 0, underWay = 0 } = leaseOf(ledger, id) ?? {};
  const left = pulls > 0 ? allowance(ledger, policy) : unreserved(ledger, policy);
  if (left < 1) return undefined;
  const lease = { id, pulls: Math.max(pulls - 1, 0), underWay: underWay + 1, until: now + LEASE_MS };
  return { ...withLease(ledger, lease), taken: ledger.taken + 1 };
}

/** Ends a pull, successful or not: the upstream may have counted it. */
export function settle(ledger: Ledger, id: string, policy: BudgetPolicy, now: number): Ledger {
  const lease = leaseOf(ledger, id);
  // The pulls of a worker that counted as dead are spent already.
  if (!lease || lease.underWay === 0) return ledger;
  const spent = withSpent(ledger.spent, 1, windowOf(ledger, policy), now);
  return { ...withLease(ledger, { ...lease, underWay: lease.underWay - 1 }), spent };
}

export function anchorOf(ledger: Ledger): Anchor {
  return { settled: ledger.taken - underWayOf(ledger), announcements: ledger.announcements };
}

/**
 * Records what the upstream announced. It had counted at least what was settled when the request was made, so
 * `taken` may go that far, by what remains, and not one further: everything else may come on top. That holds in
 * whatever order answers arrive; of several that were under way together the lowest counts, until an answer to a
 * later request replaces them.
 * @param anchor absent when the request was made without reading the ledger: then it can only lower
 * @param counted whether the request itself was a pull of ours that succeeded
 */
export function announce(
  ledger: Ledger,
  { limit, windowMs, remaining }: Announcement,
  { anchor, counted = 0, now }: { anchor?: Anchor | undefined; counted?: 0 | 1; now: number },
): Ledger {
  const announcement = ledger.announcements + 1;
  const known = { limit, windowMs, remaining, announcedAt: now, announcements: announcement };
  if (anchor) {
    const upTo = anchor.settled + counted + remaining;
    const beside = ledger.ceilings.filter((one) => one.announcement > anchor.announcements);
    return { ...ledger, ...known, ceilings: lowered(beside, announcement, upTo) };
  }
  const upTo = ledger.taken + remaining;
  if (upTo >= ceilingOf(ledger) && limit === ledger.limit) return ledger;
  return { ...ledger, ...known, ceilings: lowered(ledger.ceilings, announcement, upTo) };
}

/** An earlier ceiling that is as high never counts again: the new one stays longer. */
function lowered(ceilings: Ledger['ceilings'], announcement: number, upTo: number): Ledger['ceilings'] {
  return [...ceilings.filter((one) => one.upTo < upTo), { announcement, upTo }];
}

/** The upstream announces no limit any more. */
export function withoutLimit(ledger: Ledger): Ledger {
  const { limit: _, windowMs: __, remaining: ___, announcedAt: ____, ...rest } = ledger;
  return { ...rest, ceilings: [] };
}

type Lease = Ledger['leases'][number];

function leaseOf({ leases }: Ledger, id: string): Lease | undefined {
  return leases.find((lease) => lease.id === id);
}

function withLease(ledger: Ledger, lease: Lease): Ledger {
  return { ...ledger, leases: [...ledger.leases.filter(({ id }) => id !== lease.id), lease] };
}

function withSpent(spent: Ledger['spent'], pulls: number, windowMs: number, now: number): Ledger['spent'] {
  if (pulls === 0) return spent;
  const size = Math.max(windowMs / BUCKETS, 1);
  const at = Math.ceil(now / size) * size;
  const last = spent.at(-1);
  return last && last.at >= at
    ? [...spent.slice(0, -1), { at: last.at, pulls: last.pulls + pulls }]
    : [...spent, { at, pulls }];
}
