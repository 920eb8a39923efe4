import { formatReference, type TagReference } from '../../content/index.ts';
import { createTagSelector } from '../selection/index.ts';
import type { Watch } from '../watches/index.ts';
import { matchRepository } from './repository-pattern.ts';
import type { WatchesAndPatterns } from './watch-pattern.ts';

/**
 * Names of the watches that may import the target tag, or of the patterns where no watch has its repository as a target.
 * Paused ones do not import. Decided from the configuration alone: no registry is asked.
 */
export function namesOfWatchesFilling(
  { watches, patterns }: WatchesAndPatterns,
  { registry, repository, tag }: TagReference,
): readonly string[] {
  const target = formatReference({ registry, repository });
  const named = watches.filter(({ targets }) => targets.some((one) => formatReference(one) === target));
  const matching = patterns.filter(({ targets }) =>
    targets.some((one) => one.registry === registry && matchRepository(one, repository) !== undefined),
  );
  const filling: readonly Pick<Watch, 'name' | 'paused' | 'tags'>[] = named.length > 0 ? named : matching;
  return filling
    .filter(({ paused, tags }) => !paused && createTagSelector(tags).explain(tag).selected)
    .map(({ name }) => name);
}
