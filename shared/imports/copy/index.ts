export type * from './content-ports.ts';
export { type CopyResult, copyGraph, nothingCopied } from './copy-graph.ts';
export type { CopyOptions } from './copy-options.ts';
export { type CopyProgress, ProgressMeter } from './copy-progress.ts';
export { type BlobRecord, blobRecordSchema, MountSourceIndex } from './mount-source-index.ts';
export { trimmedDigest } from './trimmed-digest.ts';
