export type { TagOrder } from './batch/group-orders.ts';
export { type BatchResult, importBatch, type TagOrderOutcome } from './batch/import-batch.ts';
export type * from './copy/content-ports.ts';
export { copyGraph } from './copy/copy-graph.ts';
export type { CopyProgress } from './copy/copy-progress.ts';
export { type BlobRecord, blobRecordSchema } from './copy/mount-source-index.ts';
export { trimmedDigest } from './copy/trimmed-digest.ts';
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
  type PlacementEvent,
  type PlacementLog,
  placementEventSchema,
} from './ledger/placement-event.ts';
export type { TagLeaseOptions } from './ledger/tag-lease.ts';
export { removeTag } from './ledger/tag-ledger.ts';
export {
  isPutBy,
  isSuperseded,
  type TagRecord,
  tagKey,
  tagRecordSchema,
} from './ledger/tag-record.ts';
export { isOverdue, overdueJobs, resendJob } from './overdue-jobs.ts';
export {
  type PlacementOptions,
  type PlacementRecords,
  placeContent,
  type TagLedger,
} from './place-content.ts';
export { placeTag, type TagPlacement } from './place-tag.ts';
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
