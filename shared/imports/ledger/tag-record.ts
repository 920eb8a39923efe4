import * as z from 'zod';
import { type Digest, isDigest, type TagReference } from '../../content/index.ts';
import { leaseFields } from '../../lease.ts';
import type { RecordKey } from '../../records.ts';
import { PLACERS, placementEventSchema } from './placement-event.ts';

const digestSchema = z.string().refine(isDigest) as unknown as z.ZodType<Digest>;

/** What the ledger knows of a target tag: who may move it, and what was put there last. */
export const tagRecordSchema = z.object({
  target: z.string(),
  /** What the tag was last made to name. Absent: nothing yet, or it was deleted since. */
  digest: digestSchema.optional(),
  /** The `observedAt` of the move that put the digest there. A later move may have begun, or failed, since. */
  digestObservedAt: z.string().optional(),
  /** The digest that was asked for, when the target took a platform subset only as an index of another digest. */
  trimmedFrom: digestSchema.optional(),
  /** Who put the digest there, and when, ISO 8601. Absent in records of earlier versions, which only jobs and runs wrote. */
  placedBy: z.enum(PLACERS).optional(),
  placedAt: z.iso.datetime().optional(),
  /** Name of the pipeline run, or user and host of the command, that put it there. */
  reference: z.string().optional(),
  /** Who began the latest move, if not a job. Written with `observedAt`; absent once that move is done. */
  begunBy: z.enum(PLACERS).optional(),
  /** How often the tag was placed. Absent in records of earlier versions. */
  sequence: z.number().int().optional(),
  /** Placements that may be missing in the log: written with the tag's own record, so that no crash loses one. */
  outbox: z.array(placementEventSchema).readonly().optional(),
  /** Manifests that what is there names, when it is an index; else 0. Tells what the next import will need. */
  children: z.number().optional(),
  /** When upstream was first seen with what the latest move puts there. Written before the tag moves. */
  observedAt: z.string(),
  ...leaseFields,
});
export type TagRecord = z.infer<typeof tagRecordSchema>;

export function tagKey(target: TagReference): RecordKey {
  return { partition: `${target.registry}/${target.repository}`, row: target.tag };
}

/** Whether something observed later was already put, or began to be put, there; cheap to ask before copying. */
export function isSuperseded(current: TagRecord | undefined, move: { readonly observedAt: string }): boolean {
  // As times, not as text: `…:00.5Z` sorts before `…:00Z`.
  return current !== undefined && Date.parse(current.observedAt) > Date.parse(move.observedAt);
}

/** Whether what the tag names by this record was put there for that observation, and nothing later was begun. */
export function isPutBy(
  { observedAt, digestObservedAt = observedAt }: TagRecord,
  move: { readonly observedAt: string },
): boolean {
  // As times: `…:00.5Z` and `…:00.500Z` are one.
  const at = Date.parse(move.observedAt);
  return Date.parse(observedAt) === at && Date.parse(digestObservedAt) === at;
}
