/** Deletes expired records. Which records expire is decided by the capability that writes them. */
export { type PruneOptions, prune } from './prune.ts';
export type { PruningReport } from './prune-records.ts';
