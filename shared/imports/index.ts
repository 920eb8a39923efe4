export type { TagOrder } from './batch/group-orders.ts';
export { type BatchResult, importBatch, type TagOrderOutcome } from './batch/import-batch.ts';
export type * from './copy/content-ports.ts';
export { copyGraph } from './copy/copy-graph.ts';
export type { CopyProgress } from './copy/copy-progress.ts';
export { type BlobRecord, blobRecordSchema } from './copy/mount-source-index.ts';
export { trimmedDigest } from './copy/trimmed-digest.ts';
export { type Disposition, dispositionOf } from './disposition.ts';
export { importByDigest } from './import-by-digest.ts';
export { type ImportImageResult, importImage } from './import-image.ts';
export { createImportJob, type ImportJob, importJobSchema, parseImportJob } from './import-job.ts';
export { importToTag, type TagImportOutcome, type TagImportRecords } from './import-to-tag.ts';
export {
  isFinished,
  JOB_STATES,
  type JobRecord,
  type JobState,
  jobKey,
  jobRecordSchema,
  queuedRecord,
} from './job-record.ts';
export {
  isHeld,
  isPutBy,
  isSuperseded,
  removeTag,
  type TagMoveOptions,
  type TagRecord,
  tagKey,
  tagRecordSchema,
} from './ledger/tag-ledger.ts';
export type * from './ports.ts';
export { ProgressWriter } from './progress-writer.ts';
export { createRecordedQueue } from './recorded-queue.ts';
export { isJobExpired, isUploadExpired } from './retention-rules.ts';
export { MAX_FAILURES, retryDelayMs, slowRetryDelayMs } from './retry-delay.ts';
export { type RetryFailedOptions, retryFailed } from './retry-failed.ts';
export { type ImportDependencies, type ImportOutcome, runImport } from './run-import.ts';
export { createUploadSessions, type UploadRecord, uploadRecordSchema } from './upload-sessions.ts';
