export { type BatchResult, importBatch, type TagOrder, type TagOrderOutcome } from './batch/index.ts';
export type {
  ContentCallOptions,
  ContentSource,
  ContentTarget,
  ReferrerSource,
  ReferrerTarget,
} from './copy/index.ts';
export {
  type BlobRecord,
  blobRecordSchema,
  type CopyProgress,
  copyGraph,
  trimmedDigest,
} from './copy/index.ts';
export { type Disposition, dispositionOf } from './disposition.ts';
export { keepExisting, neverBackwards, type ProposedMove, type TagGuard } from './guards/index.ts';
export { type ImportImageResult, importImage } from './import-image.ts';
export { createImportJob, type ImportJob, importJobSchema, parseImportJob } from './import-job.ts';
export {
  findJob,
  isFinished,
  JOB_STATES,
  type JobRecord,
  type JobState,
  jobKey,
  jobRecordSchema,
  queuedRecord,
} from './job-record.ts';
export { type JobStatus, type JobStatusOptions, jobStatus, lastEventAt } from './job-status.ts';
export {
  describePlacer,
  isPutBy,
  isSuperseded,
  type PlacementEvent,
  type PlacementLog,
  placementEventSchema,
  removeTag,
  type TagLeaseOptions,
  type TagRecord,
  tagKey,
  tagRecordSchema,
} from './ledger/index.ts';
export { isOverdue, overdueJobs, resendJob } from './overdue-jobs.ts';
export {
  type PlacementOptions,
  type PlacementRecords,
  placeContent,
  placeTag,
  type TagLedger,
  type TagPlacement,
} from './placement/index.ts';
export type * from './ports.ts';
export { ProgressWriter } from './progress-writer.ts';
export { createRecordedQueue } from './recorded-queue.ts';
export { resubmitImport, undeliveredError } from './resubmit-import.ts';
export { isJobExpired, isUploadExpired } from './retention-rules.ts';
export { type RetryOptions, retryJobs } from './retry-jobs.ts';
export { type ImportDependencies, runImport } from './run-import.ts';
export type { ImportOutcome } from './settle-import.ts';
export {
  type Deferral,
  describeDeferral,
  holdUnreadable,
  settle,
  storedSetbacks,
  writeSettlement,
} from './settlement.ts';
export { createUploadSessions, type UploadRecord, uploadRecordSchema } from './upload-sessions.ts';
