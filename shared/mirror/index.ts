/** Watches: selection of tags, schedules, observations, polls, sync, deletions and status. */

export {
  approveDeletions,
  type DeletionOutcome,
  type ListedProposal,
  proposeDeletions,
} from './deletions/index.ts';
export type { WatchFreshness } from './freshness.ts';
export { explainWatch, PollCache, type WatchExplanation } from './inspection/index.ts';
export {
  importJobIdOf,
  type Observation,
  observationKey,
  observationSchema,
  type SyncPlan,
} from './observations/index.ts';
export {
  chooseActiveWatches,
  chooseWatches,
  currentWatches,
  type ExpandedWatches,
  formatRepositoryPattern,
  isPattern,
  namesOfWatchesFilling,
  parseRepositoryPattern,
  type RepositoryPattern,
  type WatchesAndPatterns,
  type WatchPattern,
  withFailures,
} from './patterns/index.ts';
export {
  dispatchPolls,
  type PollPorts,
  type PollQueue,
  type PollState,
  pollShard,
  pollStateSchema,
  pollTags,
  pollWatch,
} from './polling/index.ts';
export {
  configuredWatches,
  isObservationExpired,
  isPollStateExpired,
  isUnwatched,
  isWatchRecordExpired,
  sourcesPolledSince,
} from './retention-rules.ts';
export {
  createTagSelector,
  MAX_REGEX_LENGTH,
  needsListing,
  parseTagVersion,
  rangeProblem,
  regexBetweenSlashes,
  regexProblem,
  type TagRuleSet,
  type TagRules,
} from './selection/index.ts';
export {
  failedPlan,
  planWatches,
  type SyncOptions,
  type SyncReport,
  type SyncService,
  syncWatches,
  type WatchPlan,
  type WatchSync,
} from './sync/index.ts';
export { type WatchStatus, type WatchStatusReader, watchStatus } from './watch-status.ts';
export type { Watch } from './watches/index.ts';
export {
  describeSchedule,
  failureOf,
  nextTime,
  type PollReport,
  type PollRequests,
  type Schedule,
  type TagOverride,
  type WatchRecord,
  type WatchReport,
  watchRecordSchema,
} from './watches/index.ts';
