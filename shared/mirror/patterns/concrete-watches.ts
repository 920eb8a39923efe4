import { formatPlatform, formatReference } from '../../content/index.ts';
import type { Watch } from '../watches/index.ts';
import { fillPattern, formatRepositoryPattern, matchRepository } from './repository-pattern.ts';
import type { WatchPattern } from './watch-pattern.ts';

/** The beginning of the names of the watches that come of a pattern. */
export function namePrefixOf({ name }: Pick<WatchPattern, 'name'>): string {
  return `${name}: `;
}

/**
 * The watches that a pattern stands for, in the order of the repositories. Each is called `NAME: SOURCE`, so that it
 * keeps its records while others come and go. A repository that is itself a copy made by the pattern is passed over:
 * its copy would be copied again, and so on.
 * @throws InvalidInputError `E_REFERENCE` when a target would have no valid name
 */
export function concreteWatches(pattern: WatchPattern, repositories: Iterable<string>): readonly Watch[] {
  const { source, targets, ...rest } = pattern;
  const watches: Watch[] = [];
  for (const repository of repositories) {
    const part = matchRepository(source, repository);
    if (part === undefined) continue;
    const isCopy = targets.some(
      (target) =>
        target.registry === source.registry &&
        formatRepositoryPattern(target) !== formatRepositoryPattern(source) &&
        matchRepository(target, repository) !== undefined,
    );
    if (isCopy) continue;
    const name = { registry: source.registry, repository };
    watches.push({
      ...rest,
      name: `${namePrefixOf(pattern)}${formatReference(name)}`,
      source: name,
      targets: targets.map((target) => fillPattern(target, part)),
    });
  }
  return watches;
}

export interface WatchesOfPattern {
  readonly pattern: string;
  readonly watches: readonly Watch[];
}

export interface AssignedWatches {
  readonly watches: readonly Watch[];
  /** By pattern: targets that another pattern fills from another source, in sentences. */
  readonly conflicts: ReadonlyMap<string, readonly string[]>;
}

/**
 * Leaves each target repository one source: the one that a watch without pattern gives it, else that of the pattern
 * that comes first. Watches of the same source and platforms may share a target.
 */
export function assignTargets(
  named: readonly Watch[],
  expanded: readonly WatchesOfPattern[],
): AssignedWatches {
  const ownedByName = new Set(named.flatMap(({ targets }) => targets.map(formatReference)));
  const owners = new Map<string, string>();
  const conflicts = new Map<string, string[]>();
  const watches: Watch[] = [...named];

  function mayFill(target: string, { source, platforms }: Watch, pattern: string): boolean {
    if (ownedByName.has(target)) return false;
    const content = contentOf({ source, platforms });
    const owner = owners.get(target) ?? content;
    owners.set(target, owner);
    if (owner === content) return true;
    const sentence = `${content} is not copied to ${target}, which another pattern makes a copy of ${owner}; give one of them another target`;
    conflicts.set(pattern, [...(conflicts.get(pattern) ?? []), sentence]);
    return false;
  }

  for (const { pattern, watches: ofPattern } of expanded) {
    for (const watch of ofPattern) {
      const targets = watch.targets.filter((target) => mayFill(formatReference(target), watch, pattern));
      if (targets.length > 0) watches.push({ ...watch, targets });
    }
  }
  return { watches, conflicts };
}

/** What a repository with a copy of the watch's source holds, for people. */
function contentOf({ source, platforms }: Pick<Watch, 'source' | 'platforms'>): string {
  const names = platforms.map(formatPlatform).sort().join(', ');
  return `${formatReference(source)}${names && ` (${names})`}`;
}
