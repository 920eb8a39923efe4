/** What to watch, which tags, when; what was observed; the pure plan and the poll that carries it out. */
export { isPollDue, type PollState, pollStateSchema } from './due.ts';
export { type Observation, observationSchema } from './observation.ts';
export { type PlannedImport, planSync, type SyncFacts, type SyncPlan } from './plan-sync.ts';
export { type PollDueOptions, type PollDuePorts, pollDue } from './poll-due.ts';
export { type PollPorts, pollWatch } from './poll-watch.ts';
export type { PollFailure, PollReport, WatchReport } from './report.ts';
export {
  createTagSelector,
  needsListing,
  type TagSelection,
  type TagSelector,
  type TagVerdict,
} from './select-tags.ts';
export { type Survey, type SurveyPorts, surveyWatch, type TagSource } from './survey-watch.ts';
export type { TagRules, Watch } from './watch.ts';
