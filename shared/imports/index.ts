export { copyGraph } from './copy/copy-graph.ts';
export type { CopyProgress } from './copy/copy-progress.ts';
export { dispositionOf } from './disposition.ts';
export { type ImportImageResult, importImage } from './import-image.ts';
export { createImportJob, type ImportJob, importJobSchema, parseImportJob } from './import-job.ts';
export { importToTag, type TagImportOutcome } from './import-to-tag.ts';
export {
  isFinished,
  JOB_STATES,
  type JobRecord,
  type JobState,
  jobKey,
  jobRecordSchema,
  queuedRecord,
} from './job-record.ts';
export { type BlobRecord, blobRecordSchema } from './mount-map.ts';
export type * from './ports.ts';
export { createRecordedQueue } from './recorded-queue.ts';
export { type RetryFailedOptions, retryFailed } from './retry-failed.ts';
export { type ImportDependencies, type ImportOutcome, runImport } from './run-import.ts';
export { type TagRecord, tagRecordSchema } from './tag-ledger.ts';
export { createUploadSessions, type UploadRecord, uploadRecordSchema } from './upload-sessions.ts';
