import type { Platform, RepositoryName } from '../../content/index.ts';
import type { TagRules } from '../selection/index.ts';
import type { Schedule } from './schedule.ts';

/** One upstream repository that is kept copied, fresh, in one or more target repositories. */
export interface Watch {
  /** Unique among all watches; names the watch in reports and its poll state. */
  readonly name: string;
  readonly source: RepositoryName;
  /** At least one; each takes the same tags. */
  readonly targets: readonly RepositoryName[];
  readonly tags: TagRules;
  readonly schedule: Schedule;
  /** A scheduled poll waits until so long after the last one began, in milliseconds: something else tells of changes meanwhile. */
  readonly restMs?: number | undefined;
  /** Nothing is asked and nothing imported until this is taken away. */
  readonly paused?: boolean | undefined;
  /** Within what time a change upstream shall be here, in milliseconds; a promise that `status` measures. */
  readonly freshWithinMs?: number | undefined;
  /** `propose`: copies of tags that upstream deleted may be deleted after approval. Default: `report`, they are kept. */
  readonly deletions?: 'report' | 'propose' | undefined;
  /** What to copy out of a multi-platform image; empty means every platform. */
  readonly platforms: readonly Platform[];
  /** How often the targets' tags are compared with what was put there, in milliseconds. Default: six hours. */
  readonly verifyTargetsEveryMs?: number | undefined;
  /** `false` leaves signatures, SBOMs and attestations behind; absent means they come along. */
  readonly referrers?: boolean | undefined;
}
