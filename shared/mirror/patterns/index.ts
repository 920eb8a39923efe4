/** Watches for all repositories that a pattern matches. */

export { chooseActiveWatches, chooseWatches } from './choose-watches.ts';
export { namePrefixOf } from './concrete-watches.ts';
export { type CurrentWatches, currentWatches, withFailures } from './current-watches.ts';
export {
  type ExpandedWatches,
  expandWatches,
} from './expand-watches.ts';
export {
  formatRepositoryPattern,
  isPattern,
  matchRepository,
  parseRepositoryPattern,
  type RepositoryPattern,
} from './repository-pattern.ts';
export type { WatchesAndPatterns, WatchPattern } from './watch-pattern.ts';
export { namesOfWatchesFilling } from './watches-filling.ts';
