/** What polls saw of tags, and the pure plan that follows from it. */

export { type KnownObservations, readKnown } from './known-observations.ts';
export {
  importJobFor,
  importJobIdOf,
  markPresence,
  markQueued,
  type Observation,
  observationKey,
  observationPartition,
  observationSchema,
  observe,
} from './observation.ts';
export type { Drift } from './plan-sync.ts';
export {
  movedUpstream,
  type PlannedImport,
  type PresenceChange,
  planSync,
  type SyncFacts,
  type SyncPlan,
} from './plan-sync.ts';
