import * as z from 'zod';
import { type Digest, formatReference, parseReference, type RepositoryName } from '../../content/index.ts';
import { createImportJob, type ImportJob, importJobSchema } from '../../imports/index.ts';
import type { RecordKey } from '../../records.ts';

/**
 * What was last seen upstream for one target tag, and whether a job for it is in the queue. It holds everything
 * a job's id is made of, so that the same observation always makes the same job.
 */
export interface Observation {
  /** Full reference of the target tag, for example `acme.azurecr.io/base/node:22`. */
  readonly target: string;
  /** Repository it was seen in, for example `docker.io/library/node`. */
  readonly source: string;
  readonly digest: Digest;
  /** Sorted `os/architecture[/variant]`; empty means all. */
  readonly platforms: readonly string[];
  /** `false` when referrers were to be left behind. */
  readonly referrers?: boolean | undefined;
  /** When this digest (or platform list) was first seen, ISO 8601. Strictly increases per target tag, whatever the clocks do. */
  readonly observedAt: string;
  /** When upstream's own listing says that the tag was moved to this digest, ISO 8601, where it says so. */
  readonly changedAt?: string | undefined;
  /** Whether the queue has taken the job. Set last, so that a crash leads to a repeat and never to a gap. */
  readonly queued: boolean;
  /** Since when upstream no longer has the tag, ISO 8601. The copy stays. */
  readonly upstreamGoneAt?: string | undefined;
}

/** What an observation must be to be stored: the parts of its job and the marks. */
export const observationSchema: z.ZodType<Observation> = importJobSchema
  .omit({ id: true, reason: true })
  .extend({
    changedAt: z.iso.datetime().optional(),
    queued: z.boolean(),
    upstreamGoneAt: z.iso.datetime().optional(),
  });

/** What a poll saw for one target tag. */
export interface ObservedTag
  extends Pick<Observation, 'target' | 'source' | 'digest' | 'platforms' | 'referrers' | 'changedAt'> {
  /** The target no longer has what was put there, so that it is imported again even if upstream has not changed. */
  readonly repairs?: boolean | undefined;
  readonly seenAt: Date;
}

/** All observations of a target repository share a partition. */
export function observationPartition(target: RepositoryName): string {
  return formatReference(target);
}

/** The key of a target tag's observation. */
export function observationKey(target: string): RecordKey {
  const { registry, repository, tag } = parseReference(target);
  return { partition: observationPartition({ registry, repository }), row: tag ?? '' };
}

/** Whether the sighting brings nothing new. */
export function isSameContent(
  { digest, platforms, referrers }: Pick<Observation, 'digest' | 'platforms' | 'referrers'>,
  seen: Pick<ObservedTag, 'digest' | 'platforms' | 'referrers'>,
): boolean {
  return (
    digest === seen.digest &&
    platforms.length === seen.platforms.length &&
    platforms.every((platform, at) => platform === seen.platforms[at]) &&
    // What was copied with referrers needs nothing when they are no longer wanted.
    (referrers !== false || seen.referrers === false)
  );
}

/**
 * The observation to store for an observed tag, given the stored one (`current`) and the one the
 * decision was based on (`known`). A write in between wins: adopting that observation makes both
 * pollers send the same job, and if it was the staler of the two the next poll sees the difference again.
 */
export function observe(
  current: Observation | undefined,
  known: Observation | undefined,
  seen: ObservedTag,
): Observation {
  const { seenAt, repairs, ...content } = seen;
  if (current && current.observedAt !== known?.observedAt) return current;
  if (current && !repairs && isSameContent(current, seen)) return current;
  return { ...content, observedAt: observedAfter(current, seenAt), queued: false };
}

/** The observation once its job is queued; a later observation is not changed. */
export function markQueued(current: Observation | undefined, sent: Observation): Observation | undefined {
  return current && !current.queued && current.observedAt === sent.observedAt
    ? { ...current, queued: true }
    : current;
}

/** The observation with upstream's tag noted as gone since `now`, or as there. */
export function markPresence(
  current: Observation | undefined,
  known: Observation,
  present: boolean,
  now: Date,
): Observation | undefined {
  if (current?.observedAt !== known.observedAt || present === (current.upstreamGoneAt === undefined))
    return current;
  const { upstreamGoneAt: _, ...observation } = current;
  return present ? observation : { ...observation, upstreamGoneAt: now.toISOString() };
}

/** The job that makes the target tag what was observed; its id depends on the observation only. */
export function importJobFor(
  { source, digest, target, platforms, referrers, observedAt }: Observation,
  reason: string,
): ImportJob {
  return createImportJob({
    source,
    digest,
    target,
    platforms,
    ...(referrers === false && { referrers }),
    observedAt,
    reason,
  });
}

/** The id of that job. */
export function importJobIdOf(observation: Observation): string {
  return importJobFor(observation, '').id;
}

function observedAfter(previous: Observation | undefined, now: Date): string {
  const earliest = previous ? Date.parse(previous.observedAt) + 1 : 0;
  return new Date(Math.max(now.getTime(), earliest)).toISOString();
}
