/** What to watch, which tags, when; what was observed; the pure plan and the poll that carries it out. */
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
  type ExpandPorts,
  expandWatches,
  formatRepositoryPattern,
  isPattern,
  namePrefixOf,
  type PatternRecords,
  parseRepositoryPattern,
  type RepositoryPattern,
  recordListing,
  seenRepositories,
  seenWatches,
  type WatchesAndPatterns,
  type WatchPattern,
} from './patterns/index.ts';
export { planSync, type SyncFacts, type SyncPlan } from './plan-sync.ts';
export { type PollDuePorts, pollDue } from './poll-due.ts';
export { type PollQueue, type PollShard, pollShard, pollUpstreams } from './poll-shards.ts';
export { type PollTagsPorts, pollTags, type TagHints } from './poll-tags.ts';
export { pollWatch } from './poll-watch.ts';
export {
  failedReport,
  failureOf,
  NO_REQUESTS,
  type PollReport,
  type PollRequests,
  type WatchReport,
} from './report.ts';
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
export { SharedAnswers, shareAnswers } from './shared-answers.ts';
export { type Survey, type SurveyPorts, surveyWatch } from './survey-watch.ts';
export type { Watch } from './watch.ts';
export { knownWatches, type WatchRecord, watchRecordSchema } from './watch-record.ts';
