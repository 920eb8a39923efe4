import pLimit from 'p-limit';
import { ConfigError, RegistryError, TransportError } from '../../errors.ts';
import type { Watch } from '../watches/index.ts';
import { assignTargets, concreteWatches } from './concrete-watches.ts';
import type { PatternListing } from './pattern-records.ts';
import { formatRepositoryPattern, matchRepository } from './repository-pattern.ts';
import type { WatchesAndPatterns, WatchPattern } from './watch-pattern.ts';

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ExpandPorts {
  /** The registry client is one. */
  readonly registry: {
    repositories(registry: string, options: CallOptions & { readonly prefix: string }): AsyncIterable<string>;
  };
  /** What is remembered from one listing to the next. Default: nothing. */
  readonly memory?: PatternMemory | undefined;
}

export interface PatternMemory {
  /** The repositories that a pattern stood for when they were last listed. */
  repositories(pattern: WatchPattern): Promise<readonly string[]>;
  /** Told how listing each pattern went. */
  note(pattern: WatchPattern, listing: PatternListing): Promise<void>;
}

export interface ExpandedWatches {
  /** Those without pattern first, then those of the patterns in their order. */
  readonly watches: readonly Watch[];
  /** Patterns, by name, of which the repositories are not known, or not all of them can be copied. */
  readonly failures: readonly { readonly watch: string; readonly error: unknown }[];
}

const MAX_REPOSITORIES = 2_000;
const PATTERNS_AT_ONCE = 4;

/**
 * Finds the repositories of each pattern by listing its registry, and makes a watch of each. Paused patterns stand
 * for none. Where the listing fails, a pattern keeps the repositories of its records. What
 * fails for one pattern is in the failures; only an abort throws, the signal's reason.
 */
export async function expandWatches(
  { watches, patterns }: WatchesAndPatterns,
  ports: ExpandPorts,
  { signal }: CallOptions = {},
): Promise<ExpandedWatches> {
  const failures: { watch: string; error: unknown }[] = [];
  const listings = await pLimit(PATTERNS_AT_ONCE).map(
    patterns.filter(({ paused }) => !paused),
    async (pattern) => ({ pattern, ...(await listPattern(pattern, ports, signal)) }),
  );
  const assigned = assignTargets(
    watches,
    listings.map((listing) => ({ ...listing, pattern: listing.pattern.name })),
  );
  for (const { pattern, repositories, error } of listings) {
    const failed = error ?? conflictsOf(pattern, assigned.conflicts.get(pattern.name));
    if (failed !== undefined) failures.push({ watch: pattern.name, error: failed });
    try {
      await ports.memory?.note(pattern, { repositories, error: failed });
    } catch (unwritten) {
      failures.push({ watch: pattern.name, error: unwritten });
    }
  }
  return { watches: assigned.watches, failures };
}

async function listPattern(
  pattern: WatchPattern,
  ports: ExpandPorts,
  signal: AbortSignal | undefined,
): Promise<PatternListing & { readonly watches: readonly Watch[] }> {
  try {
    const repositories = await findRepositories(pattern, ports, signal);
    return { repositories, watches: concreteWatches(pattern, repositories) };
  } catch (error) {
    signal?.throwIfAborted();
    const before = (await ports.memory?.repositories(pattern).catch(() => [])) ?? [];
    return { repositories: [], watches: concreteWatches(pattern, before), error };
  }
}

function conflictsOf({ name }: WatchPattern, sentences: readonly string[] = []): ConfigError | undefined {
  const where = `watch "${name}"`;
  return sentences.length > 0 ? new ConfigError(sentences.map((message) => ({ where, message }))) : undefined;
}

async function findRepositories(
  { source }: WatchPattern,
  { registry }: ExpandPorts,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const repository of registry.repositories(source.registry, { prefix: source.prefix, signal })) {
    if (matchRepository(source, repository) === undefined) continue;
    found.push(repository);
    if (found.length > MAX_REPOSITORIES) {
      throw new TransportError(
        'E_TOO_LARGE',
        `${formatRepositoryPattern(source)} matches more than ${MAX_REPOSITORIES} repositories. Split it into narrower patterns.`,
        { operation: 'list repositories', side: 'source' },
      );
    }
  }
  if (found.length === 0) {
    throw new RegistryError(
      'E_NOT_FOUND',
      `${source.registry} lists no repository that ${formatRepositoryPattern(source)} matches. Check the pattern, and whether the credentials may see the repositories.`,
      { operation: 'list repositories', side: 'source' },
    );
  }
  return found.sort();
}
