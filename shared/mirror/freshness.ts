import { formatReference, parseReference } from '../content/index.ts';
import type { JobRecord } from '../imports/index.ts';
import { importJobIdOf, type Observation } from './observations/index.ts';
import { createTagSelector } from './selection/index.ts';
import type { Watch } from './watches/index.ts';

/** How far a target tag is behind upstream, from its last change there to its arrival here. */
export interface TagFreshness {
  /** Full reference of the target tag. */
  readonly target: string;
  /** When upstream's own listing says that the tag was moved, ISO 8601, where it says so. */
  readonly changedAt?: string | undefined;
  /** When we first saw it, ISO 8601. */
  readonly seenAt: string;
  readonly queuedAt?: string | undefined;
  /** When the target had it, ISO 8601; absent while the tag is behind. */
  readonly importedAt?: string | undefined;
  /** From the change, or where that is unknown from seeing it, to the import or, until then, to now. In milliseconds. */
  readonly lagMs: number;
  /** Why the tag is behind; absent when it is not. */
  readonly behind?: Lateness | undefined;
}

export interface Lateness {
  /** `queued`: waits for a worker. `waiting`: for a limit of the registry, the budget, or another try. `held`: by a policy. */
  readonly why: 'queued' | 'importing' | 'waiting' | 'held' | 'failed';
  /** For people. */
  readonly detail: string;
}

/** Percentiles by nearest rank, in milliseconds. */
export interface LagPercentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface WatchFreshness {
  readonly watch: string;
  /** Tags that upstream has, selected by the watch and seen at least once. */
  readonly tags: number;
  /** How many of them are behind, by why. */
  readonly behindBy: Readonly<Partial<Record<Lateness['why'], number>>>;
  /** Those that are behind, the longest first, as far as asked for. */
  readonly behind: readonly TagFreshness[];
  /** Of all its tags, those behind included; absent without tags. */
  readonly lag?: LagPercentiles | undefined;
  /** What the configuration promises, in milliseconds. */
  readonly objectiveMs?: number | undefined;
  /** The share of tags within the objective, from 0 to 1; absent without tags or objective. */
  readonly withinObjective?: number | undefined;
}

/** How fresh each watch's copies are, from what was observed and what became of the jobs. */
export function measureFreshness(
  watches: readonly Watch[],
  observations: readonly Observation[],
  jobs: ReadonlyMap<string, JobRecord>,
  now: Date,
): readonly WatchFreshness[] {
  const byPlaces = Map.groupBy(observations, ({ source, target }) => placesOf(source, repositoryOf(target)));
  return watches.map((watch) => {
    const selector = createTagSelector(watch.tags);
    const source = formatReference(watch.source);
    const seen = watch.targets
      .flatMap((target) => byPlaces.get(placesOf(source, formatReference(target))) ?? [])
      .filter(({ target, upstreamGoneAt }) => {
        const { tag } = parseReference(target);
        return upstreamGoneAt === undefined && tag !== undefined && selector.explain(tag).selected;
      });
    const tags = seen.map((observation) => tagFreshness(observation, jobs, now));
    return summarise(watch, tags);
  });
}

function placesOf(source: string, targetRepository: string): string {
  return `${source} ${targetRepository}`;
}

function repositoryOf(target: string): string {
  const { registry, repository } = parseReference(target);
  return formatReference({ registry, repository });
}

function tagFreshness(
  observation: Observation,
  jobs: ReadonlyMap<string, JobRecord>,
  now: Date,
): TagFreshness {
  const { target, changedAt, observedAt: seenAt, queued } = observation;
  const job = jobs.get(importJobIdOf(observation));
  const importedAt = job?.state === 'succeeded' || job?.state === 'unchanged' ? job.finishedAt : undefined;
  // The clock of the upstream may be ahead of ours.
  const since = Math.min(Date.parse(changedAt ?? seenAt), Date.parse(seenAt));
  const until = importedAt === undefined ? now.getTime() : Date.parse(importedAt);
  return {
    target,
    ...(changedAt !== undefined && { changedAt }),
    seenAt,
    ...(queued && job && { queuedAt: job.queuedAt }),
    ...(importedAt !== undefined && { importedAt }),
    lagMs: Math.max(0, until - since),
    ...(importedAt === undefined && { behind: whyBehind(job) }),
  };
}

function whyBehind(job: JobRecord | undefined): Lateness {
  const detail = job?.detail ?? '';
  switch (job?.state) {
    case 'running':
      return { why: 'importing', detail };
    case 'held':
      return { why: 'held', detail };
    case 'failed':
      return { why: 'failed', detail };
    default:
      return detail ? { why: 'waiting', detail } : { why: 'queued', detail: 'waits for a worker' };
  }
}

function summarise({ name, freshWithinMs }: Watch, tags: readonly TagFreshness[]): WatchFreshness {
  const lags = tags.map(({ lagMs }) => lagMs).sort((a, b) => a - b);
  const within = lags.filter((lag) => freshWithinMs !== undefined && lag <= freshWithinMs).length;
  return {
    watch: name,
    tags: tags.length,
    behindBy: countBy(tags.flatMap(({ behind }) => behind?.why ?? [])),
    behind: tags.filter(({ behind }) => behind).sort((a, b) => b.lagMs - a.lagMs),
    ...(lags.length > 0 && { lag: percentiles(lags) }),
    ...(freshWithinMs !== undefined && { objectiveMs: freshWithinMs }),
    ...(freshWithinMs !== undefined && lags.length > 0 && { withinObjective: within / lags.length }),
  };
}

function countBy<K extends string>(keys: readonly K[]): Partial<Record<K, number>> {
  const counts: Partial<Record<K, number>> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

/** @param sorted ascending, not empty */
function percentiles(sorted: readonly number[]): LagPercentiles {
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
