/** Planning and copying without stored state, for the command line. */

export { failedPlan, planWatches, type WatchPlan } from './plan-watches.ts';
export {
  type SyncOptions,
  type SyncReport,
  type SyncService,
  syncWatches,
  type WatchSync,
} from './sync-watches.ts';
