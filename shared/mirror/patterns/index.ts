/** Watches for all repositories that a pattern matches. */
export { namePrefixOf } from './concrete-watches.ts';
export {
  type ExpandedWatches,
  type ExpandPorts,
  expandWatches,
  type WatchesAndPatterns,
} from './expand-watches.ts';
export {
  formatRepositoryPattern,
  isPattern,
  parseRepositoryPattern,
  type RepositoryPattern,
} from './repository-pattern.ts';
export type { WatchPattern } from './watch-pattern.ts';
