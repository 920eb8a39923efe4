/** What to watch, which tags, when; what was observed; the pure plan and the poll that carries it out. */

export { chooseActiveWatches, chooseWatches } from './choose-watches.ts';
export { currentWatches, withFailures } from './current-watches.ts';
export {
  type ApprovePorts,
  approveDeletions,
  type DeletionOutcome,
  type ListedProposal,
  proposeDeletions,
} from './deletions/index.ts';
export { isPollDue, type PollState, pollStateSchema } from './due.ts';
export { explainWatch, type WatchExplanation } from './explain-watch.ts';
export { judgeFreshness, type WatchFreshness } from './freshness.ts';
export { importJobIdOf, type Observation, observationKey, observationSchema } from './observation.ts';
export {
  isObservationPast,
  isPollPast,
  isUnwatched,
  isWatchPast,
  sourcesPolledSince,
  watchRoll,
} from './past-records.ts';
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
export { planSync, type SyncFacts, type SyncPlan } from './plan-sync.ts';
export { failedPlan, planWatches, type WatchPlan } from './plan-watches.ts';
export { type PollDuePorts, pollDue } from './poll-due.ts';
export { type PollQueue, type PollShard, pollShard, pollUpstreams } from './poll-shards.ts';
export { type PollTagsPorts, pollTags, type TagHints } from './poll-tags.ts';
export { pollWatch } from './poll-watch.ts';
export { failureOf, type PollReport, type PollRequests, type WatchReport } from './report.ts';
export { describeSchedule, nextTime, type Schedule } from './schedule.ts';
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
export { SharedAnswers } from './shared-answers.ts';
export { type SyncOptions, type SyncReport, syncWatches, type WatchSync } from './sync-watches.ts';
export type { Watch } from './watch.ts';
export { knownWatches, type WatchRecord, watchRecordSchema } from './watch-record.ts';
export { type WatchStanding, type WatchStatus, watchStatus } from './watch-status.ts';
