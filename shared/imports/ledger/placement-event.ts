import * as z from 'zod';
import { type Digest, isDigest } from '../../content/index.ts';

const digestSchema = z.string().refine(isDigest) as unknown as z.ZodType<Digest>;

/** Who moves a tag: an import job, a run of an import pipeline, or a person with the command line. */
export const PLACERS = ['job', 'run', 'command'] as const;
export type Placer = (typeof PLACERS)[number];

/** Who placed a tag, for people: `a command (ana@laptop)`. */
export function describePlacer(by: Placer, reference?: string): string {
  const who = { job: 'an import job', run: 'a pipeline run', command: 'a command' }[by];
  return reference === undefined ? who : `${who} (${reference})`;
}

/** "This tag was made to name this content." */
export const placementEventSchema = z.object({
  /** Full reference of the tag. */
  target: z.string(),
  /** Counts the placements of the tag, from 1. With the target it identifies this one, however often it is told. */
  sequence: z.number().int().positive(),
  digest: digestSchema,
  /** What the ledger had for the tag before. Absent: nothing. */
  previousDigest: digestSchema.optional(),
  /** The digest that was asked for, when the target took a platform subset only as an index of another digest. */
  trimmedFrom: digestSchema.optional(),
  /** Repository that it came from; absent for archives. */
  source: z.string().optional(),
  /** When the content was first seen upstream, or wanted, ISO 8601. */
  observedAt: z.string(),
  /** ISO 8601. */
  placedAt: z.iso.datetime(),
  placedBy: z.enum(PLACERS).optional(),
  /** Id of the job, name of the pipeline run, or user and host of the command. */
  reference: z.string().optional(),
  /** When the placement before was, ISO 8601. Absent: there was none. */
  previousPlacedAt: z.iso.datetime().optional(),
});
export type PlacementEvent = Readonly<z.infer<typeof placementEventSchema>>;

/** Where placements are told. */
export interface PlacementLog {
  /**
   * Writes the placement down, once however often it is appended. Resolves when it is durable; consumers that are to hear of it
   * may hear later.
   * @param isNew it was committed just now, so it is not in the log unless this is a repeat
   */
  append(placement: PlacementEvent, options: { readonly isNew: boolean }): Promise<void>;
}
