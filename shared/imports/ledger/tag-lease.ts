import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatReference, type TagReference } from '../../content/index.ts';
import { PolicyError, RegistryError, TagExistsError, TransportError } from '../../errors.ts';
import { claimLease, isHeld, releaseLease, updateLeased } from '../../lease.ts';
import type { Records } from '../../records.ts';
import { type TagRecord, tagKey } from './tag-record.ts';

/** Long enough for one manifest PUT with its retries; a worker that died delays others no longer than this. */
const LEASE_MS = 60_000;
/** Work ends this long before its lease, so that the registry is done with a push by then. */
const LEASE_MARGIN_MS = 15_000;
const POLL_MS = 500;
/** Two dead workers in a row; after that the queue waits instead. */
const WAIT_LIMIT_MS = 2 * LEASE_MS;

export interface TagLeaseOptions {
  readonly signal?: AbortSignal | undefined;
  readonly now?: (() => Date) | undefined;
  /** Resolves after `ms`; aborting rejects. Default: a timer. */
  readonly wait?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

/** Work on a tag that no other worker may move meanwhile. */
export interface TagLease<T extends object> {
  readonly target: TagReference;
  /** There is nothing to do (any more). */
  readonly isOver: (current: TagRecord | undefined) => boolean;
  /** The record while the lease is held, the lease apart; asked only when it is not over. */
  readonly during: (current: TagRecord | undefined) => TagRecord | undefined;
  /** Does the work. `undefined`: nothing was done, and the record stays as it is. */
  readonly work: (held: TagRecord, signal: AbortSignal) => Promise<T | undefined>;
  /** The record afterwards. */
  readonly after: (held: TagRecord, result: T) => TagRecord;
  /** Whether the registry was asked to change the tag. Default: it may have been. */
  readonly isBegun?: (() => boolean) | undefined;
  /**
   * The record when the registry or a guard refused the work, or it failed before it was begun. Default: as it was while
   * the lease was held.
   */
  readonly refused?: ((held: TagRecord) => TagRecord) | undefined;
}

export type TagLeaseEnd<T> =
  | { readonly end: 'over' | 'left' }
  /** `record`: what was committed; `undefined` when the lease had expired and another worker has the tag. */
  | { readonly end: 'done'; readonly result: T; readonly record: TagRecord | undefined };

/**
 * Waits for the tag's lease, works under it for less than it lasts, then commits and releases it in one write.
 * @throws TransportError `E_TIMEOUT` when others hold the lease for minutes, and whatever `work` throws
 */
export async function withTagLease<T extends object>(
  tags: Records<TagRecord>,
  lease: TagLease<T>,
  { signal, now = () => new Date(), wait = timer }: TagLeaseOptions = {},
): Promise<TagLeaseEnd<T>> {
  const records = tags.session();
  const key = tagKey(lease.target);
  const owner = randomUUID();
  const giveUpAt = now().getTime() + WAIT_LIMIT_MS;
  let held: TagRecord | undefined;
  let workForMs = 0;
  for (;;) {
    signal?.throwIfAborted();
    held = await records.update(key, (current) => claimed(current, lease, owner, now()));
    if (lease.isOver(held)) return { end: 'over' };
    if (held?.leaseOwner === owner && held.leaseUntil) {
      // Not what the lease was given for: writing it down may have taken most of that. Nor more, if the clock was set back.
      const leftMs = Math.min(Date.parse(held.leaseUntil) - now().getTime(), LEASE_MS);
      workForMs = leftMs - LEASE_MARGIN_MS;
      if (workForMs > 0) break;
    }
    if (now().getTime() >= giveUpAt) throw busy(lease.target);
    await wait(POLL_MS, signal);
  }
  const limit = AbortSignal.timeout(workForMs);
  let result: T | undefined;
  try {
    result = await lease.work(releaseLease(held), signal ? AbortSignal.any([signal, limit]) : limit);
  } catch (error) {
    if (isRefusal(error) || lease.isBegun?.() === false) {
      const { refused = (current: TagRecord) => current } = lease;
      await updateLeased(records, key, owner, (current) => refused(releaseLease(current)));
    }
    throw error;
  }
  const done = result;
  const record = await updateLeased(records, key, owner, (current) =>
    done ? lease.after(releaseLease(current), done) : releaseLease(current),
  );
  return done ? { end: 'done', result: done, record } : { end: 'left' };
}

/**
 * The registry, or a guard, said no. After any other failure the registry may still be at work on the push: the lease is
 * left to expire.
 */
function isRefusal(error: unknown): boolean {
  if (error instanceof RegistryError) return error.code !== 'E_UNAVAILABLE';
  return error instanceof TagExistsError || error instanceof PolicyError;
}

function claimed(
  current: TagRecord | undefined,
  { isOver, during }: Pick<TagLease<object>, 'isOver' | 'during'>,
  owner: string,
  now: Date,
): TagRecord | undefined {
  const isHeldByOther = current?.leaseOwner !== owner && isHeld(current, now);
  if (isHeldByOther || isOver(current)) return current;
  const next = during(current);
  return next && claimLease(next, owner, { now, durationMs: LEASE_MS });
}

async function timer(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {});
}

function busy(target: TagReference): TransportError {
  return new TransportError(
    'E_TIMEOUT',
    `Could not lock the tag ${formatReference(target)} within ${WAIT_LIMIT_MS / 1000} seconds: another worker holds the lock. Try again in a minute; an import job is retried automatically.`,
    { operation: 'lock tag', side: 'target' },
  );
}
