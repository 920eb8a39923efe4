import { formatReference, parseRepositoryName } from '../../content/index.ts';
import { RegistryError } from '../../errors.ts';
import type { Records } from '../../records.ts';
import type { Watch } from '../watches/index.ts';
import { failureOf, recordAfterListing, type WatchRecord, watchKey, watchRecords } from '../watches/index.ts';
import { assignTargets, concreteWatches, namePrefixOf } from './concrete-watches.ts';
import { formatRepositoryPattern } from './repository-pattern.ts';
import type { WatchesAndPatterns, WatchPattern } from './watch-pattern.ts';

/** The state records of watches. Those of a pattern's watches tell which repositories it matched. */
export type PatternRecords = Pick<Records<WatchRecord>, 'list' | 'update'>;

/** What came of asking a registry for a pattern's repositories: all of them, unless there is an error. */
export interface PatternListing {
  readonly repositories: readonly string[];
  readonly error?: unknown;
}

/** Repositories that were polled for a pattern, whether or not upstream still lists them. */
export async function seenRepositories(
  pattern: WatchPattern,
  records: Pick<PatternRecords, 'list'>,
): Promise<readonly string[]> {
  const prefix = namePrefixOf(pattern);
  const seen: string[] = [];
  for await (const { watch, source } of watchRecords(records)) {
    if (watch !== `${prefix}${source}`) continue;
    const { registry, repository } = parseRepositoryName(source);
    if (registry === pattern.source.registry) seen.push(repository);
  }
  return seen;
}

/** The watches, and those of patterns as far as they were polled, without asking a registry. */
export async function seenWatches(
  { watches, patterns }: WatchesAndPatterns,
  records: Pick<PatternRecords, 'list'>,
): Promise<readonly Watch[]> {
  const expanded = [];
  for (const pattern of patterns.filter(({ paused }) => !paused)) {
    const repositories = await seenRepositories(pattern, records);
    expanded.push({ pattern: pattern.name, watches: concreteWatches(pattern, repositories) });
  }
  return assignTargets(watches, expanded).watches;
}

/** Records the state of a pattern, and which of its repositories upstream no longer lists: those are not polled. */
export async function recordListing(
  pattern: WatchPattern,
  { repositories, error }: PatternListing,
  records: PatternRecords,
  now: Date,
): Promise<void> {
  const own = { name: pattern.name, source: formatRepositoryPattern(pattern.source) };
  const failure = error === undefined ? undefined : failureOf(error);
  await records.update(watchKey(own), (current) => recordAfterListing(own, current, failure, now));
  if (repositories.length === 0) return;
  const listed = new Set(repositories);
  const { registry } = pattern.source;
  for (const repository of await seenRepositories(pattern, records)) {
    if (listed.has(repository)) continue;
    const source = formatReference({ registry, repository });
    const gone = { name: `${namePrefixOf(pattern)}${source}`, source };
    const message = `${registry} does not list ${source} any more: it was deleted, renamed or hidden. Copies are kept.`;
    const missing = failureOf(new RegistryError('E_NOT_FOUND', message));
    await records.update(watchKey(gone), (current) =>
      current && current.reason !== message ? recordAfterListing(gone, current, missing, now) : current,
    );
  }
}
