import {
  formatReference,
  parseReference,
  parseRepositoryName,
  type RepositoryName,
} from '../content/index.ts';
import type { Observation } from './observations/index.ts';
import {
  matchRepository,
  namePrefixOf,
  type RepositoryPattern,
  type WatchesAndPatterns,
} from './patterns/index.ts';
import type { PollState } from './polling/index.ts';
import type { WatchRecord } from './watches/index.ts';

/** What is configured, paused or not, as far as it tells whose a record is. */
export interface ConfiguredWatches {
  /** Whether a watch, a pattern or a watch of a pattern has that name. */
  hasName(name: string): boolean;
  /** Whether some watch, or a watch of a pattern, copies from that repository. */
  hasSource(source: string): boolean;
  /** Whether one copies to that repository. */
  hasTarget(target: string): boolean;
}

export function configuredWatches({ watches, patterns }: WatchesAndPatterns): ConfiguredWatches {
  const names = new Set([...watches, ...patterns].map(({ name }) => name));
  const prefixes = patterns.map(namePrefixOf);
  return {
    hasName: (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix)),
    hasSource: isAmong(
      watches.map(({ source }) => source),
      patterns.map(({ source }) => source),
    ),
    hasTarget: isAmong(
      watches.flatMap(({ targets }) => targets),
      patterns.flatMap(({ targets }) => targets),
    ),
  };
}

function isAmong(
  repositories: readonly RepositoryName[],
  patterns: readonly RepositoryPattern[],
): (name: string) => boolean {
  const names = new Set(repositories.map(formatReference));
  return (name) => {
    if (names.has(name)) return true;
    const { registry, repository } = parseRepositoryName(name);
    return patterns.some(
      (pattern) => pattern.registry === registry && matchRepository(pattern, repository) !== undefined,
    );
  };
}

/** Whether the watch is not configured any more and was last polled before `before`. */
export function isWatchRecordExpired(
  { watch, polledAt }: WatchRecord,
  configured: ConfiguredWatches,
  before: Date,
): boolean {
  return !configured.hasName(watch) && Date.parse(polledAt) < before.getTime();
}

/** Whether the watch of that name is not configured any more, and was last claimed before `before`. */
export function isPollStateExpired(
  name: string,
  { lastStartedAt }: PollState,
  configured: ConfiguredWatches,
  before: Date,
): boolean {
  return !configured.hasName(name) && Date.parse(lastStartedAt) < before.getTime();
}

/** Whether no watch copies from the source any more, and none that did was polled lately. */
export function isUnwatched(
  source: string,
  configured: ConfiguredWatches,
  polled: ReadonlySet<string>,
): boolean {
  return !configured.hasSource(source) && !polled.has(source);
}

/**
 * Whether neither the source nor the target is watched any more, and nothing was seen of it since `before`. An observation
 * is as old as the last change of its tag: that it is old tells nothing. Nor does its source alone: what another source
 * has the same of was never observed anew.
 * @param polled sources that were polled since
 */
export function isObservationExpired(
  { source, target, observedAt, upstreamGoneAt = observedAt }: Observation,
  configured: ConfiguredWatches,
  polled: ReadonlySet<string>,
  before: Date,
): boolean {
  const { registry, repository } = parseReference(target);
  if (
    !isUnwatched(source, configured, polled) ||
    configured.hasTarget(formatReference({ registry, repository }))
  )
    return false;
  return [observedAt, upstreamGoneAt].every((time) => Date.parse(time) < before.getTime());
}

/** The sources of these watches that were polled since `since`. */
export async function sourcesPolledSince(
  watches: AsyncIterable<{ readonly value: WatchRecord }>,
  since: Date,
): Promise<ReadonlySet<string>> {
  const sources = new Set<string>();
  for await (const { value } of watches) {
    if (Date.parse(value.polledAt) >= since.getTime()) sources.add(value.source);
  }
  return sources;
}
