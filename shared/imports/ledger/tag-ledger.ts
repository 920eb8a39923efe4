import { type Digest, formatReference, type TagReference } from '../../content/index.ts';
import type { Records } from '../../records.ts';
import type { PlacementLog, Placer } from './placement-event.ts';
import { type TagLeaseOptions, withTagLease } from './tag-lease.ts';
import { isPutBy, isSuperseded, type TagRecord } from './tag-record.ts';

export interface TagMove {
  readonly target: TagReference;
  readonly digest: Digest;
  /**
   * When the content was first seen, ISO 8601: a move never undoes one observed later. `latest`: a person wants it now, so
   * it is later than whatever is there.
   */
  readonly observedAt: string;
  /** Manifests that it names. */
  readonly children?: number | undefined;
  /** The digest that was asked for, when the target takes the content only under another. */
  readonly trimmedFrom?: Digest | undefined;
  readonly placedBy?: Placer | undefined;
  /** Id of the job, name of the pipeline run, or user and host of the command. */
  readonly reference?: string | undefined;
  /** Repository that the content comes from. */
  readonly origin?: string | undefined;
}

export interface CommitOptions extends TagLeaseOptions {
  /** Where placements are told. Absent: nowhere. */
  readonly log?: PlacementLog | undefined;
  /** Whether `push` has asked the registry to move the tag: a failure before that leaves nothing to wait for. */
  readonly isBegun?: (() => boolean) | undefined;
}

/** `observedAt` of what a person wants now. */
export const LATEST = 'latest';

/** What a push found and did under the lease. */
export interface PushResult {
  /** Whether the tag was moved; else it named the content already. */
  readonly moved: boolean;
}

export type TagCommitOutcome = 'moved' | 'already-current' | 'superseded';

/**
 * Moves a target tag, one mover at a time, and never back to something observed earlier than what is there.
 * A registry has no conditional PUT, so the order is kept here: a lease on the tag's record, work that is shorter
 * than the lease, and the observation time of what was put.
 * @param push moves the tag; `undefined` when it must not move after all
 * @throws TransportError `E_TIMEOUT` when others hold the lease for minutes, and whatever `push` throws
 */
export async function commitTag(
  records: Records<TagRecord>,
  move: TagMove,
  push: (held: TagRecord, signal: AbortSignal) => Promise<PushResult | undefined>,
  { log, isBegun, ...options }: CommitOptions = {},
): Promise<TagCommitOutcome> {
  const { target, observedAt, placedBy } = move;
  const now = options.now ?? (() => new Date());
  let before: TagRecord | undefined;
  const ended = await withTagLease<PushResult>(
    records,
    {
      target,
      isOver: (current) => observedAt !== LATEST && isSuperseded(current, move),
      // The intent is written with the lease: whatever happens to this mover, an older one comes too late.
      during: (current) => {
        before = current;
        const { begunBy: _, ...known }: Partial<TagRecord> = current ?? {};
        return {
          ...known,
          target: formatReference(target),
          observedAt: observedAt === LATEST ? laterThan(current, now()) : observedAt,
          ...(placedBy && placedBy !== 'job' && { begunBy: placedBy }),
        };
      },
      work: async (held, signal) => {
        // The mover before may have died between the commit and the log.
        for (const placement of held.outbox ?? []) await log?.append(placement, { isNew: false });
        return await push(held, signal);
      },
      isBegun,
      after: (held, { moved }) => placed(held, move, { moved, at: now(), isLogged: log !== undefined }),
      // A job comes back, a command does not: what it was refused must not keep others from moving the tag.
      ...(placedBy === 'command' && { refused: (held) => asBefore(held, before) }),
    },
    options,
  );
  if (ended.end !== 'done') return 'superseded';
  for (const placement of ended.record?.outbox ?? []) await log?.append(placement, { isNew: true });
  return ended.result.moved ? 'moved' : 'already-current';
}

/**
 * Takes a target tag away as `commitTag` moves it: one at a time, and only while it is what `put` put there. Jobs as old
 * as that come too late afterwards, whenever they are delivered; any later observation may move the tag again.
 * @param remove resolves to whether the tag is gone; `false` leaves the record as it is
 * @returns `superseded`: something else was, or began to be, put there
 * @throws TransportError `E_TIMEOUT` when others hold the lease for minutes, and whatever `remove` throws.
 */
export async function removeTag(
  records: Records<TagRecord>,
  put: { readonly target: TagReference; readonly digest: Digest; readonly observedAt: string },
  remove: (signal: AbortSignal) => Promise<boolean>,
  options?: TagLeaseOptions,
): Promise<'done' | 'left' | 'superseded'> {
  const { target, digest, observedAt } = put;
  // Before every later observation, which is at least so much later.
  const clearedAt = new Date(Date.parse(observedAt) + 1).toISOString();
  const { end } = await withTagLease(
    records,
    {
      target,
      isOver: (current) => current?.digest !== digest || !isPutBy(current, put),
      during: (current) => current,
      work: async (_, signal) => ((await remove(signal)) ? {} : undefined),
      // The count goes on: what is placed there later is another placement.
      after: ({ sequence, placedAt, outbox }) => ({
        target: formatReference(target),
        observedAt: clearedAt,
        ...(sequence !== undefined && { sequence, placedAt }),
        ...(outbox && { outbox }),
      }),
    },
    options,
  );
  return end === 'over' ? 'superseded' : end;
}

/**
 * The record after a move. It counts as a placement unless the tag, and the record, were right before. What the outbox
 * held is in the log by now.
 */
function placed(
  held: TagRecord,
  { digest, children, trimmedFrom, placedBy, reference, origin }: TagMove,
  { moved, at, isLogged }: { readonly moved: boolean; readonly at: Date; readonly isLogged: boolean },
): TagRecord {
  const { outbox: _, trimmedFrom: before, begunBy: __, ...known } = held;
  const record = {
    ...known,
    digest,
    digestObservedAt: held.observedAt,
    children,
    ...(trimmedFrom && { trimmedFrom }),
  };
  const isPlacement = moved || held.digest !== digest || before !== trimmedFrom;
  if (!isPlacement) return record;
  const sequence = (held.sequence ?? 0) + 1;
  const placedAt = at.toISOString();
  const placement = {
    target: held.target,
    sequence,
    digest,
    ...(held.digest && { previousDigest: held.digest }),
    ...(trimmedFrom && { trimmedFrom }),
    ...(origin && { source: origin }),
    observedAt: held.observedAt,
    placedAt,
    ...(placedBy && { placedBy }),
    ...(reference && { reference }),
    ...(sequence > 1 && held.placedAt && { previousPlacedAt: held.placedAt }),
  };
  const { reference: ___, ...rest } = record;
  return {
    ...rest,
    placedBy,
    placedAt,
    ...(placedBy !== 'job' && reference && { reference }),
    sequence,
    ...(isLogged && { outbox: [placement] }),
  };
}

/** The record without the intent of a move that did not come about. */
function asBefore({ begunBy: _, ...held }: TagRecord, before: TagRecord | undefined): TagRecord {
  const { observedAt = NEVER, begunBy } = before ?? {};
  return { ...held, observedAt, ...(begunBy && { begunBy }) };
}

/** Before every observation. */
const NEVER = new Date(0).toISOString();

/** Now, or just after what is there if that was observed by a clock that is ahead. */
function laterThan(current: TagRecord | undefined, now: Date): string {
  const earliest = current ? Date.parse(current.observedAt) + 1 : 0;
  return new Date(Math.max(now.getTime(), earliest)).toISOString();
}
