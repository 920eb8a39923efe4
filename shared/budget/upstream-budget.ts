import { BudgetError } from '../errors.ts';
import type { Records } from '../records.ts';
import type { PullAllowance, RateLimitReport } from '../registry/index.ts';
import { pullsPerImage } from './image-pulls.ts';
import {
  type Anchor,
  allowance,
  anchorOf,
  announce,
  ceilingOf,
  current,
  emptyLedger,
  isLimited,
  type Ledger,
  limitOf,
  release,
  reserve,
  reservedOf,
  settle,
  take,
  unreserved,
  windowOf,
  withChildren,
  withoutLimit,
} from './ledger.ts';
import { MergedUpdates } from './merged-updates.ts';
import { type BudgetPolicy, floorOf } from './policy.ts';
import { capacityOf, nextTurn } from './turn.ts';

export interface UpstreamBudgetParts {
  readonly registry: string;
  /** Who we are there, while the registry has not said whom it counts. */
  readonly account: string;
  readonly policy: BudgetPolicy;
  readonly ledgers: Pick<Records<Ledger>, 'get' | 'update' | 'list'>;
  readonly now: () => number;
}

/** What a piece of work needs, as far as that is known before it begins. */
export interface PullWish {
  /** Missing: as much as what was read last. */
  readonly pulls?: number | undefined;
  /** Platforms that are copied; 0 means all. */
  readonly platforms: number;
  /** Whether reading the image would tell the exact number. */
  readonly isGuess: boolean;
  /** Whether the work continues and was deferred before. Half a window is enough then: more may never be free. */
  readonly wasDeferred?: boolean | undefined;
  /** Whether a retry starts from the beginning: then it must fit into a window. */
  readonly isWhole?: boolean | undefined;
}

/**
 * The answer to a request for pulls. `granted`: `reserved` pulls are reserved, and the first may begin. `probe`: the last
 * announcement of the upstream is old, or the number is a guess and few are left: send a probe, then request again.
 */
export type Reservation =
  | { readonly kind: 'unlimited' }
  /** More than a window has. */
  | { readonly kind: 'too-large'; readonly wished: number; readonly capacity: number }
  | (PullGrant & { readonly reserved: number })
  | { readonly kind: 'probe'; readonly anchor: Anchor; readonly account: string }
  | Denied;

interface Denied {
  readonly kind: 'denied';
  readonly at: number;
  /** Pulls that were requested. */
  readonly wished: number;
  readonly why: string;
}

/** A pull under way, and what is needed to interpret its response. */
export interface PullGrant {
  readonly kind: 'granted';
  readonly anchor: Anchor;
  readonly account: string;
  /** What was known when it was granted. */
  readonly limit: number | undefined;
  readonly ceiling: number;
}

/** How long an announcement of the upstream is relied on, or that there was none: at most, and in parts of a window. */
const RELIED_ON_MS = 10 * 60_000;
const RELIED_ON_PART = 10;
/** Before work is deferred, a probe is sent if the last announcement is older than this. */
const ASKED_AGAIN_MS = 60_000;
const ASKED_AGAIN_PART = 20;
/** When fewer pulls remain, none is reserved by estimate. */
const ROOM_FOR_GUESSES = 50;
/** Announcements without news are written this often. */
const REPEATED_MS = 60_000;

/** The budget of one registry in this process. The ledger is shared with all others. */
export class UpstreamBudget {
  readonly registry: string;
  readonly #parts: UpstreamBudgetParts;
  readonly #updates = new Map<string, MergedUpdates<Ledger>>();
  #account: string;
  #silentSince = Number.NEGATIVE_INFINITY;
  #lastNoted: (PullAllowance & { readonly at: number }) | undefined;

  constructor(parts: UpstreamBudgetParts) {
    this.registry = parts.registry;
    this.#parts = parts;
    this.#account = parts.account;
  }

  /** Reserves pulls for a piece of work; `mayProbe` allows the answer `probe`. */
  reserve(id: string, wish: PullWish, mayProbe: boolean): Promise<Reservation> {
    const { policy, now } = this.#parts;
    return this.#change<Reservation>((ledger) => {
      const at = now();
      if (mayProbe && this.#isUncertain(ledger, at))
        return [ledger, { kind: 'probe', anchor: anchorOf(ledger), account: this.#account }];
      if (!isLimited(ledger, policy)) return [ledger, { kind: 'unlimited' }];
      const pulls = wish.pulls ?? pullsPerImage(wish.platforms, ledger.children);
      const capacity = capacityOf(ledger, policy);
      if (wish.isWhole && pulls > capacity) return [ledger, { kind: 'too-large', wished: pulls, capacity }];
      const wanted = Math.min(pulls, Math.max(capacity, 1));
      const free = unreserved(ledger, policy);
      const isRash = wish.isGuess && free < Math.max(wanted, ROOM_FOR_GUESSES);
      const enough = wish.wasDeferred ? Math.min(wanted, Math.max(Math.ceil(capacity / 2), 2)) : wanted;
      if (free >= enough && !(mayProbe && isRash)) {
        const reserved = Math.min(wanted, free);
        const [next, granted] = this.#grant(reserve(ledger, id, reserved, at), id, at);
        return [next, granted.kind === 'granted' ? { ...granted, reserved } : granted];
      }
      if (mayProbe && (isRash || this.#isOld(ledger, at, ASKED_AGAIN_MS, ASKED_AGAIN_PART)))
        return [ledger, { kind: 'probe', anchor: anchorOf(ledger), account: this.#account }];
      const [next, denied] = this.#defer(ledger, wanted, at);
      return [next, { ...denied, wished: pulls }];
    });
  }

  /**
   * Raises the reservation of work under way to `pulls`, as far as they are not reserved.
   * @param givesBack whether the work needs at most those: the rest of its reservation is released
   * @param children manifests that the index names
   */
  extend(
    id: string,
    pulls: number,
    { givesBack, children }: { readonly givesBack: boolean; readonly children: number },
  ): Promise<void> {
    const { policy, now } = this.#parts;
    return this.#change<void>((stored) => {
      if (!isLimited(stored, policy)) return [stored, undefined];
      const ledger = children > 0 ? withChildren(stored, children) : stored;
      const has = ledger.leases.find((lease) => lease.id === id)?.pulls ?? 0;
      const more = Math.min(pulls - has, Math.max(unreserved(ledger, policy), 0));
      const isDue = givesBack ? more !== 0 : more > 0;
      return [isDue ? reserve(ledger, id, has + more, now()) : ledger, undefined];
    });
  }

  /** Starts one pull. */
  take(id: string): Promise<PullGrant | Denied> {
    return this.#change<PullGrant | Denied>((ledger) => this.#grant(ledger, id, this.#parts.now()));
  }

  /**
   * Ends a pull, with what its response announced. That is written at once when it is less than was known, else with the
   * next write: until then the pull counts as under way.
   */
  async settle(
    id: string,
    { anchor, account, limit, ceiling }: PullGrant,
    answer: { readonly status?: number | undefined; readonly report?: RateLimitReport | undefined },
  ): Promise<void> {
    const { policy, now } = this.#parts;
    const pulls = answer.report?.pulls;
    const counted = answer.status !== undefined && answer.status < 300 ? 1 : 0;
    const isOurs = pulls !== undefined && this.#accountOf(pulls) === account;
    const step = (ledger: Ledger): Ledger => {
      const settled = settle(ledger, id, policy, now());
      return isOurs ? announce(settled, toAnnouncement(pulls), { anchor, counted, now: now() }) : settled;
    };
    const isLess = isOurs && (pulls.limit !== limit || anchor.settled + counted + pulls.remaining < ceiling);
    if (isLess) await this.#change<void>((ledger) => [step(ledger), undefined], account);
    else this.#later(step, account);
    if (pulls && !isOurs) await this.#announceElsewhere(pulls);
  }

  /** Records the response to a probe. */
  async recordProbe(
    { anchor, account }: { readonly anchor: Anchor; readonly account: string },
    {
      status,
      report,
    }: { readonly status?: number | undefined; readonly report?: RateLimitReport | undefined },
  ): Promise<void> {
    const { now } = this.#parts;
    const pulls = report?.pulls;
    if (pulls && this.#accountOf(pulls) !== account) return await this.#announceElsewhere(pulls);
    if (!pulls) this.#silentSince = now();
    if (!pulls && status !== 200) return;
    await this.#change<void>((ledger) => {
      if (pulls) return [announce(ledger, toAnnouncement(pulls), { anchor, now: now() }), undefined];
      return [ledger.ceilings.length > 0 ? withoutLimit(ledger) : ledger, undefined];
    }, account);
  }

  /** Records what a response announced that was not a pull of the budget: it can only lower what is known. */
  async note(pulls: PullAllowance): Promise<void> {
    const at = this.#parts.now();
    const last = this.#lastNoted;
    const isNews =
      !last ||
      last.source !== pulls.source ||
      last.limit !== pulls.limit ||
      last.remaining > pulls.remaining ||
      last.at + REPEATED_MS <= at;
    if (!isNews) return;
    this.#lastNoted = { ...pulls, at };
    await this.#announceElsewhere(pulls);
  }

  async release(id: string): Promise<void> {
    await this.#change<void>((ledger) => [release(ledger, id), undefined]);
  }

  /** The error for work that does not fit. */
  error({ at, why }: { readonly at: number; readonly why: string }, pulls: number): BudgetError {
    return new BudgetError(
      this.registry,
      new Date(at),
      pulls,
      `the budget of ${this.registry} does not allow more pulls now: ${why}`,
    );
  }

  async #announceElsewhere(pulls: PullAllowance): Promise<void> {
    this.#account = this.#accountOf(pulls);
    const { now } = this.#parts;
    await this.#change<void>((ledger) => [
      announce(ledger, toAnnouncement(pulls), { now: now() }),
      undefined,
    ]);
  }

  #accountOf({ source }: PullAllowance): string {
    return source ?? this.#parts.account;
  }

  #grant(ledger: Ledger, id: string, now: number): readonly [Ledger, PullGrant | Denied] {
    const next = take(ledger, id, this.#parts.policy, now);
    if (!next) return this.#defer(ledger, 1, now);
    const known = { anchor: anchorOf(ledger), limit: ledger.limit, ceiling: ceilingOf(ledger) };
    return [next, { kind: 'granted', account: this.#account, ...known }];
  }

  #defer(ledger: Ledger, pulls: number, now: number): readonly [Ledger, Denied] {
    const { policy } = this.#parts;
    const turn = nextTurn(ledger, policy, pulls, now);
    return [turn.ledger, { kind: 'denied', at: turn.at, wished: pulls, why: this.#why(ledger) }];
  }

  #why(ledger: Ledger): string {
    const { policy } = this.#parts;
    const limit = limitOf(ledger, policy);
    const floor = floorOf(policy, limit);
    const parts = [
      `${Math.max(allowance(ledger, policy), 0)} of ${limit} in ${windowOf(ledger, policy) / 1000} s are left`,
      ...(floor > 0 ? [`${floor} are kept back`] : []),
      ...(reservedOf(ledger) > 0 ? [`${reservedOf(ledger)} are reserved`] : []),
    ];
    return parts.join(', ');
  }

  #isUncertain(ledger: Ledger, now: number): boolean {
    if (ledger.ceilings.length > 0) return this.#isOld(ledger, now, RELIED_ON_MS, RELIED_ON_PART);
    return this.#silentSince + RELIED_ON_MS <= now;
  }

  #isOld(ledger: Ledger, now: number, ms: number, part: number): boolean {
    const { announcedAt, windowMs } = ledger;
    if (announcedAt === undefined) return false;
    return announcedAt + Math.min(ms, (windowMs ?? ms * part) / part) <= now;
  }

  #change<Result>(
    step: (ledger: Ledger) => readonly [Ledger, Result],
    account: string = this.#account,
  ): Promise<Result> {
    return this.#updatesOf(account).change((stored) => {
      const before = this.#ledgerOf(stored, account);
      const [next, result] = step(before);
      // An empty ledger is not stored.
      return [next === before ? stored : next, result];
    });
  }

  #later(step: (ledger: Ledger) => Ledger, account: string): void {
    this.#updatesOf(account).later((stored) => step(this.#ledgerOf(stored, account)));
  }

  #updatesOf(account: string): MergedUpdates<Ledger> {
    const { registry, ledgers } = this.#parts;
    const known = this.#updates.get(account);
    const updates = known ?? new MergedUpdates(ledgers, { partition: registry, row: account });
    this.#updates.set(account, updates);
    return updates;
  }

  #ledgerOf(stored: Ledger | undefined, account: string): Ledger {
    const { registry, policy, now } = this.#parts;
    return current(stored ?? emptyLedger(registry, account), policy, now());
  }
}

function toAnnouncement({ limit, windowSeconds, remaining }: PullAllowance) {
  return { limit, windowMs: windowSeconds * 1000, remaining };
}
