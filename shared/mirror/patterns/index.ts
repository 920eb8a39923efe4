/** Watches for all repositories that a pattern matches. */
export { namePrefixOf } from './concrete-watches.ts';
export {
  type ExpandedWatches,
  type ExpandPorts,
  expandWatches,
} from './expand-watches.ts';
export { type PatternRecords, recordListing, seenRepositories, seenWatches } from './pattern-records.ts';
export {
  formatRepositoryPattern,
  isPattern,
  parseRepositoryPattern,
  type RepositoryPattern,
} from './repository-pattern.ts';
export type { WatchesAndPatterns, WatchPattern } from './watch-pattern.ts';
