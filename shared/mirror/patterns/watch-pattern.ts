import type { Watch } from '../watches/index.ts';
import type { RepositoryPattern } from './repository-pattern.ts';

/** A watch for each repository that a pattern matches, whatever repositories there are. */
export interface WatchPattern extends Omit<Watch, 'source' | 'targets'> {
  readonly source: RepositoryPattern;
  /** At least one; their star is replaced by what the star of the source matches. */
  readonly targets: readonly RepositoryPattern[];
}

export interface WatchesAndPatterns {
  readonly watches: readonly Watch[];
  readonly patterns: readonly WatchPattern[];
}
