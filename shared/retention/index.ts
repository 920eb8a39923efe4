/** Takes away records that are past: which those are is the business of whoever writes them. */
export { type Pruning, type PruningOptions, type PruningReport, pruneRecords } from './prune-records.ts';
