import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { type Digest, formatReference, isDigest, type TagReference } from '../../content/index.ts';
import { RegistryError, TransportError } from '../../errors.ts';
import type { RecordKey, Records } from '../../records.ts';

/** Who may move a target tag, and what was put there last; no digest when nothing was, or it was deleted since. */
export const tagRecordSchema = z.object({
  target: z.string(),
  digest: (z.string().refine(isDigest) as unknown as z.ZodType<Digest>).optional(),
  /** The `observedAt` of the move that put the digest there. A later mover may have begun, or failed, since. */
  digestObservedAt: z.string().optional(),
  /** Manifests that what is there names, when it is an index; else 0. Tells what the next import will need. */
  children: z.number().optional(),
  /** When upstream was first seen with what the latest mover puts there. Written before the tag moves. */
  observedAt: z.string(),
  leaseOwner: z.string().optional(),
  leaseUntil: z.iso.datetime().optional(),
});
export type TagRecord = z.infer<typeof tagRecordSchema>;

/** Long enough for one manifest PUT with its retries; a worker that died holds others up no longer than this. */
const LEASE_MS = 60_000;
/** A push ends this long before its lease, so that what the registry still does with it is over by then. */
const LEASE_MARGIN_MS = 15_000;
const POLL_MS = 500;
/** Two dead movers in a row; after that the queue waits instead. */
const WAIT_LIMIT_MS = 2 * LEASE_MS;

export function tagKey(target: TagReference): RecordKey {
  return { partition: `${target.registry}/${target.repository}`, row: target.tag };
}

export interface TagMove {
  readonly target: TagReference;
  readonly digest: Digest;
  readonly observedAt: string;
  /** Manifests that it names. */
  readonly children?: number | undefined;
}

export type TagCommitOutcome = 'moved' | 'superseded';

export interface TagMoveOptions {
  readonly signal?: AbortSignal | undefined;
  readonly now?: (() => Date) | undefined;
  /** Resolves after `ms`; aborting rejects. Default: a timer. */
  readonly wait?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

/**
 * Moves a target tag, one mover at a time, and never back to something observed earlier than what is there.
 * The registry has no conditional PUT, so the order is kept here: a lease on the tag's record, shorter work
 * than the lease, and the observation time of what was put.
 * @throws TransportError `E_TIMEOUT` when other movers hold the tag for minutes, and whatever `push` throws.
 */
export async function commitTag(
  records: Records<TagRecord>,
  move: TagMove,
  push: (signal: AbortSignal) => Promise<void>,
  options?: TagMoveOptions,
): Promise<TagCommitOutcome> {
  const { target, digest, observedAt, children } = move;
  const end = await takeTurn(
    records,
    {
      target,
      isOver: (current) => isSuperseded(current, move),
      // The intent is written with the lease: whatever happens to this mover, an older one comes too late.
      during: (current) => ({ ...(current ?? { target: formatReference(target) }), observedAt }),
      work: async (signal) => {
        await push(signal);
        return true;
      },
      after: (held) => ({ ...held, digest, digestObservedAt: observedAt, children }),
    },
    options,
  );
  return end === 'over' ? 'superseded' : 'moved';
}

/**
 * Takes a target tag away as `commitTag` moves it: one at a time, and only while it is what `put` put there. Jobs as old as
 * that come too late afterwards, whenever they are delivered; any later observation may move the tag again.
 * @param remove resolves to whether the tag is gone; `false` leaves the record as it is
 * @returns `superseded`: something else was, or began to be, put there
 * @throws TransportError `E_TIMEOUT` when others hold the tag for minutes, and whatever `remove` throws.
 */
export async function removeTag(
  records: Records<TagRecord>,
  put: TagMove,
  remove: (signal: AbortSignal) => Promise<boolean>,
  options?: TagMoveOptions,
): Promise<'done' | 'left' | 'superseded'> {
  const { target, digest, observedAt } = put;
  // Before every later observation, which is at least so much later.
  const clearedAt = new Date(Date.parse(observedAt) + 1).toISOString();
  const end = await takeTurn(
    records,
    {
      target,
      isOver: (current) => current?.digest !== digest || !isPutBy(current, put),
      during: (current) => current,
      work: remove,
      after: () => ({ target: formatReference(target), observedAt: clearedAt }),
    },
    options,
  );
  return end === 'over' ? 'superseded' : end;
}

interface Turn {
  readonly target: TagReference;
  /** There is nothing to do (any more). */
  readonly isOver: (current: TagRecord | undefined) => boolean;
  /** The record while the turn lasts, the lease apart; asked only when it is not over. */
  readonly during: (current: TagRecord | undefined) => TagRecord | undefined;
  /** Resolves to whether it did what the turn was for. */
  readonly work: (signal: AbortSignal) => Promise<boolean>;
  /** The record after that. */
  readonly after: (held: TagRecord) => TagRecord;
}

/** Waits for the tag's lease and works under it. `over`: it was before the turn came. */
async function takeTurn(
  records: Records<TagRecord>,
  turn: Turn,
  { signal, now = () => new Date(), wait = timer }: TagMoveOptions = {},
): Promise<'done' | 'left' | 'over'> {
  const key = tagKey(turn.target);
  const owner = randomUUID();
  const giveUpAt = now().getTime() + WAIT_LIMIT_MS;
  let pushForMs = 0;
  for (;;) {
    signal?.throwIfAborted();
    const held = await records.update(key, (current) => claim(current, turn, owner, now()));
    if (turn.isOver(held)) return 'over';
    if (held?.leaseOwner === owner && held.leaseUntil) {
      // Not what the lease was given for: writing it down may have taken most of that.
      pushForMs = Date.parse(held.leaseUntil) - LEASE_MARGIN_MS - now().getTime();
      if (pushForMs > 0) break;
    }
    if (now().getTime() >= giveUpAt) throw busy(turn.target);
    await wait(POLL_MS, signal);
  }
  const limit = AbortSignal.timeout(pushForMs);
  let isDone: boolean;
  try {
    isDone = await turn.work(signal ? AbortSignal.any([signal, limit]) : limit);
  } catch (error) {
    if (isRefusal(error)) await records.update(key, (current) => release(current, owner));
    throw error;
  }
  await records.update(key, (current) => release(current, owner, isDone ? turn.after : undefined));
  return isDone ? 'done' : 'left';
}

/** The registry said no. After any other failure it may still be at work on the push: the lease is left to run out. */
function isRefusal(error: unknown): boolean {
  return error instanceof RegistryError && error.code !== 'E_UNAVAILABLE';
}

/** Whether something observed later was already put, or began to be put, there; cheap to ask before copying. */
export function isSuperseded(current: TagRecord | undefined, move: Pick<TagMove, 'observedAt'>): boolean {
  // As times, not as text: `…:00.5Z` sorts before `…:00Z`.
  return current !== undefined && Date.parse(current.observedAt) > Date.parse(move.observedAt);
}

/** Whether what the tag names by this record was put there for that observation, and nothing later was begun. */
export function isPutBy(
  { observedAt, digestObservedAt = observedAt }: TagRecord,
  move: Pick<TagMove, 'observedAt'>,
): boolean {
  // As times: `…:00.5Z` and `…:00.500Z` are one.
  const at = Date.parse(move.observedAt);
  return Date.parse(observedAt) === at && Date.parse(digestObservedAt) === at;
}

/** Whether somebody is at work on the tag, who did not die. */
export function isHeld({ leaseUntil }: TagRecord, now: Date): boolean {
  return leaseUntil !== undefined && Date.parse(leaseUntil) > now.getTime();
}

function claim(current: TagRecord | undefined, turn: Turn, owner: string, now: Date): TagRecord | undefined {
  const heldByOther = current !== undefined && current.leaseOwner !== owner && isHeld(current, now);
  if (heldByOther || turn.isOver(current)) return current;
  const standing = turn.during(current);
  return (
    standing && {
      ...standing,
      leaseOwner: owner,
      leaseUntil: new Date(now.getTime() + LEASE_MS).toISOString(),
    }
  );
}

function release(
  current: TagRecord | undefined,
  owner: string,
  after: Turn['after'] = (held) => held,
): TagRecord | undefined {
  if (current?.leaseOwner !== owner) return current;
  const { leaseOwner: _, leaseUntil: __, ...rest } = current;
  return after(rest);
}

async function timer(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {});
}

function busy(target: TagReference): TransportError {
  return new TransportError(
    'E_TIMEOUT',
    `No turn to move ${formatReference(target)} came within ${WAIT_LIMIT_MS / 1000} seconds: other workers hold it. Try again in a minute; an import is tried again by itself.`,
  );
}
