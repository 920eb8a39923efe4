/** Takes away records that are past: which those are is the business of whoever writes them. */
export { type PruneOptions, prune } from './prune.ts';
export type { PruningReport } from './prune-records.ts';
