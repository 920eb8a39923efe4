import { isPattern, type Watch, type WatchesAndPatterns, type WatchPattern } from '../mirror/index.ts';
import { nameOf, targetsOf } from './check-watches.ts';
import type { FileContent, FileWatch } from './schema.ts';

/** The watches with defaults filled in: those of one repository, and those of all that match a pattern. */
export function configuredWatches({
  watches,
  defaults,
}: Pick<FileContent, 'watches' | 'defaults'>): WatchesAndPatterns {
  const single: Watch[] = [];
  const patterns: WatchPattern[] = [];
  for (const watch of watches) {
    const { source } = watch;
    const targets = targetsOf(watch);
    const rest = settingsOf(watch, defaults);
    if (isPattern(source)) patterns.push({ ...rest, source, targets: targets.filter(isPattern) });
    else
      single.push({
        ...rest,
        source,
        targets: targets.flatMap((target) => (isPattern(target) ? [] : [target])),
      });
  }
  return { watches: single, patterns };
}

function settingsOf(watch: FileWatch, defaults: FileContent['defaults']): Omit<Watch, 'source' | 'targets'> {
  return {
    name: nameOf(watch),
    tags: watch.tags,
    schedule: watch.schedule ?? defaults.schedule,
    ...(watch.paused && { paused: true }),
    freshWithinMs: watch.freshWithin ?? defaults.freshWithin,
    verifyTargetsEveryMs: watch.verifyTargetsEvery ?? defaults.verifyTargetsEvery,
    deletions: watch.deletions ?? defaults.deletions,
    platforms: watch.platforms ?? defaults.platforms,
    referrers: watch.referrers ?? defaults.referrers,
  };
}
