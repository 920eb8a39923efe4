/** What to watch, which tags, when; what was observed; the pure plan and the poll that carries it out. */

export {
  type ApprovePorts,
  approveDeletions,
  type DeletionOutcome,
  type ListedProposal,
  proposeDeletions,
} from './deletions/index.ts';
export { measureFreshness, type WatchFreshness } from './freshness.ts';
export { explainWatch, type WatchExplanation } from './inspection/explain-watch.ts';
export { PollCache } from './inspection/poll-cache.ts';
export {
  importJobIdOf,
  type Observation,
  observationKey,
  observationSchema,
} from './observations/observation.ts';
export { planSync, type SyncFacts, type SyncPlan } from './observations/plan-sync.ts';
export { chooseActiveWatches, chooseWatches } from './patterns/choose-watches.ts';
export { currentWatches, withFailures } from './patterns/current-watches.ts';
export {
  type ExpandedWatches,
  expandWatches,
  formatRepositoryPattern,
  isPattern,
  parseRepositoryPattern,
  type RepositoryPattern,
  type WatchesAndPatterns,
  type WatchPattern,
} from './patterns/index.ts';
export { type PollDueWatchesPorts, pollDueWatches } from './polling/poll-due-watches.ts';
export { type PollQueue, type PollShard, pollShard, pollUpstreams } from './polling/poll-shards.ts';
export { isPollDue, type PollState, pollStateSchema } from './polling/poll-state.ts';
export { type PollTagsPorts, pollTags, type TagHints } from './polling/poll-tags.ts';
export { pollWatch } from './polling/poll-watch.ts';
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
export { failedPlan, planWatches, type WatchPlan } from './sync/plan-watches.ts';
export { type SyncOptions, type SyncReport, syncWatches, type WatchSync } from './sync/sync-watches.ts';
export { type WatchStanding, type WatchStatus, watchStatus } from './watch-status.ts';
export { failureOf, type PollReport, type PollRequests, type WatchReport } from './watches/report.ts';
export { describeSchedule, nextTime, type Schedule } from './watches/schedule.ts';
export type { Watch } from './watches/watch.ts';
export { knownWatches, type WatchRecord, watchRecordSchema } from './watches/watch-record.ts';
