import type { Platform, RepositoryName } from '../content/index.ts';

/** One upstream repository that is kept copied, fresh, in one or more target repositories. */
export interface Watch {
  /** Unique among all watches; names the watch in reports and its poll state. */
  readonly name: string;
  readonly source: RepositoryName;
  /** At least one; each takes the same tags. */
  readonly targets: readonly RepositoryName[];
  readonly tags: TagRules;
  /** Cron expression of 5 or 6 fields, read in UTC. */
  readonly schedule: string;
  /** What to copy out of a multi-platform image; empty means every platform. */
  readonly platforms: readonly Platform[];
  /** `false` leaves signatures, SBOMs and attestations behind; absent means they come along. */
  readonly referrers?: boolean | undefined;
}

/**
 * Which tags of a repository are meant. A rule with one of the characters `* ? [ ] { }` is a glob, any other
 * is an exact tag. A tag is selected if an `include` rule matches and no `exclude` rule does.
 */
export interface TagRules {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}
