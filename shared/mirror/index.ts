/** What to watch, which tags, when; what was observed; the pure plan and the poll that carries it out. */
export { isPollDue, type PollState, pollStateSchema } from './due.ts';
export { type Observation, observationSchema } from './observation.ts';
export { planSync, type SyncFacts, type SyncPlan } from './plan-sync.ts';
export { type PollDuePorts, pollDue } from './poll-due.ts';
export { pollWatch } from './poll-watch.ts';
export type { PollReport, WatchReport } from './report.ts';
export {
  createTagSelector,
  needsListing,
} from './select-tags.ts';
export { type Survey, type SurveyPorts, surveyWatch } from './survey-watch.ts';
export type { TagRules, Watch } from './watch.ts';
