import pLimit from 'p-limit';
import { ConfigError, RegistryError, TransportError } from '../../errors.ts';
import type { Watch } from '../watch.ts';
import { concreteWatches, settleTargets } from './concrete-watches.ts';
import { formatRepositoryPattern, matchRepository } from './repository-pattern.ts';
import type { WatchPattern } from './watch-pattern.ts';

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ExpandPorts {
  /** The registry client is one. */
  readonly registry: {
    repositories(registry: string, options: CallOptions & { readonly prefix: string }): AsyncIterable<string>;
  };
}

export interface WatchesAndPatterns {
  readonly watches: readonly Watch[];
  readonly patterns: readonly WatchPattern[];
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
 * for none. What fails for one pattern is in the failures; only an abort throws, the signal's reason.
 */
export async function expandWatches(
  { watches, patterns }: WatchesAndPatterns,
  ports: ExpandPorts,
  { signal }: CallOptions = {},
): Promise<ExpandedWatches> {
  const failures: { watch: string; error: unknown }[] = [];
  const active = patterns.filter(({ paused }) => !paused);
  const expanded = await pLimit(PATTERNS_AT_ONCE).map(active, async (pattern) => {
    try {
      const repositories = await findRepositories(pattern, ports, signal);
      return { pattern: pattern.name, watches: concreteWatches(pattern, repositories) };
    } catch (error) {
      signal?.throwIfAborted();
      failures.push({ watch: pattern.name, error });
      return { pattern: pattern.name, watches: [] };
    }
  });
  const settled = settleTargets(watches, expanded);
  for (const [watch, sentences] of settled.conflicts) {
    const where = `watch "${watch}"`;
    failures.push({ watch, error: new ConfigError(sentences.map((message) => ({ where, message }))) });
  }
  return { watches: settled.watches, failures };
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
      );
    }
  }
  if (found.length === 0) {
    throw new RegistryError(
      'E_NOT_FOUND',
      `${source.registry} lists no repository that ${formatRepositoryPattern(source)} matches. Check the pattern, and whether the credentials may see the repositories.`,
    );
  }
  return found.sort();
}
