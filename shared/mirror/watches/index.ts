/** A watch, its schedule, the record of how it does, and reports about it. */

export {
  failedReport,
  failureOf,
  NO_REQUESTS,
  type PollFailure,
  type PollReport,
  type PollRequests,
  quietReport,
  type WatchReport,
} from './report.ts';
export { describeSchedule, nextTime, type Schedule } from './schedule.ts';
export type { Watch } from './watch.ts';
export { isNews, nextRecord, recordAfterListing } from './watch-health.ts';
export {
  carryOverCheckpoint,
  type Disagreement,
  type GoneTag,
  healthOf,
  knownWatches,
  type TagOverride,
  type WatchCheckpoint,
  type WatchHealth,
  type WatchRecord,
  watchKey,
  watchRecordSchema,
  watchRecords,
} from './watch-record.ts';
