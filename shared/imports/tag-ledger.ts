import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Digest, formatReference, isDigest, type TagReference } from '../content/index.ts';
import { RegistryError, TransportError } from '../errors.ts';
import type { RecordKey, Records } from '../records.ts';

/** Who may move a target tag, and what was put there last. */
export const tagRecordSchema = z.object({
  target: z.string(),
  digest: (z.string().refine(isDigest) as unknown as z.ZodType<Digest>).optional(),
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
}

export type TagMoveOutcome = 'moved' | 'superseded';

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
export async function moveTag(
  records: Records<TagRecord>,
  move: TagMove,
  push: (signal: AbortSignal) => Promise<void>,
  { signal, now = () => new Date(), wait = timer }: TagMoveOptions = {},
): Promise<TagMoveOutcome> {
  const key = tagKey(move.target);
  const owner = randomUUID();
  const giveUpAt = now().getTime() + WAIT_LIMIT_MS;
  let pushForMs = 0;
  for (;;) {
    signal?.throwIfAborted();
    const held = await records.update(key, (current) => claim(current, move, owner, now()));
    if (isSuperseded(held, move)) return 'superseded';
    if (held?.leaseOwner === owner && held.leaseUntil) {
      // Not what the lease was given for: writing it down may have taken most of that.
      pushForMs = Date.parse(held.leaseUntil) - LEASE_MARGIN_MS - now().getTime();
      if (pushForMs > 0) break;
    }
    if (now().getTime() >= giveUpAt) throw busy(move.target);
    await wait(POLL_MS, signal);
  }
  const limit = AbortSignal.timeout(pushForMs);
  try {
    await push(signal ? AbortSignal.any([signal, limit]) : limit);
  } catch (error) {
    if (isRefusal(error)) await records.update(key, (current) => release(current, owner));
    throw error;
  }
  await records.update(key, (current) => release(current, owner, move.digest));
  return 'moved';
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

/** The intent is written with the lease: whatever happens to this mover, an older one comes too late. */
function claim(
  current: TagRecord | undefined,
  move: TagMove,
  owner: string,
  now: Date,
): TagRecord | undefined {
  const heldByOther =
    current?.leaseUntil !== undefined &&
    current.leaseOwner !== owner &&
    Date.parse(current.leaseUntil) > now.getTime();
  if (heldByOther || isSuperseded(current, move)) return current;
  return {
    ...(current ?? { target: formatReference(move.target) }),
    observedAt: move.observedAt,
    leaseOwner: owner,
    leaseUntil: new Date(now.getTime() + LEASE_MS).toISOString(),
  };
}

function release(current: TagRecord | undefined, owner: string, digest?: Digest): TagRecord | undefined {
  if (current?.leaseOwner !== owner) return current;
  const { leaseOwner: _, leaseUntil: __, ...rest } = current;
  return digest ? { ...rest, digest } : rest;
}

async function timer(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {});
}

function busy(target: TagReference): TransportError {
  return new TransportError(
    'E_TIMEOUT',
    `No turn to move ${formatReference(target)} came within ${WAIT_LIMIT_MS / 1000} seconds: other workers hold it. It will be tried again.`,
  );
}
