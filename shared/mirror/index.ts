/** What to watch, which tags, when; what was observed; the pure plan and the poll that carries it out. */

export {
  type ApprovePorts,
  approveDeletions,
  type DeletionOutcome,
  type ListedProposal,
  proposeDeletions,
} from './deletions/index.ts';
export { measureFreshness, type WatchFreshness } from './freshness.ts';
export { explainWatch, PollCache, type WatchExplanation } from './inspection/index.ts';
export {
  importJobIdOf,
  type Observation,
  observationKey,
  observationSchema,
  planSync,
  type SyncFacts,
  type SyncPlan,
} from './observations/index.ts';
export {
  chooseActiveWatches,
  chooseWatches,
  currentWatches,
  type ExpandedWatches,
  expandWatches,
  formatRepositoryPattern,
  isPattern,
  parseRepositoryPattern,
  type RepositoryPattern,
  type WatchesAndPatterns,
  type WatchPattern,
  withFailures,
} from './patterns/index.ts';
export {
  isPollDue,
  type PollDueWatchesPorts,
  type PollQueue,
  type PollShard,
  type PollState,
  type PollTagsPorts,
  pollDueWatches,
  pollShard,
  pollStateSchema,
  pollTags,
  pollUpstreams,
  pollWatch,
  type TagHints,
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
  syncWatches,
  type WatchPlan,
  type WatchSync,
} from './sync/index.ts';
export { type WatchStanding, type WatchStatus, watchStatus } from './watch-status.ts';
export type { Watch } from './watches/index.ts';
export {
  describeSchedule,
  failureOf,
  knownWatches,
  nextTime,
  type PollReport,
  type PollRequests,
  type Schedule,
  type TagOverride,
  type WatchRecord,
  type WatchReport,
  watchRecordSchema,
} from './watches/index.ts';
