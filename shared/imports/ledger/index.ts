export {
  describePlacer,
  type PlacementEvent,
  type PlacementLog,
  type Placer,
  placementEventSchema,
} from './placement-event.ts';
export type { TagLeaseOptions } from './tag-lease.ts';
export { commitTag, LATEST, removeTag, type TagCommitOutcome } from './tag-ledger.ts';
export { isPutBy, isSuperseded, type TagRecord, tagKey, tagRecordSchema } from './tag-record.ts';
