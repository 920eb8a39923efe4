export type { TagOrder } from './group-orders.ts';
export { type BatchResult, importBatch, type TagOrderOutcome } from './import-batch.ts';
