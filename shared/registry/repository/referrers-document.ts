import * as z from 'zod';
import { type Descriptor, descriptorSchema } from '../../content/index.ts';
import { listOf } from '../protocol/index.ts';

/** What an entry must say to be of use; an annotation or artifact type that is none is left out. */
const entrySchema = descriptorSchema.pick({ mediaType: true, digest: true, size: true }).extend({
  artifactType: descriptorSchema.shape.artifactType.catch(undefined),
  annotations: descriptorSchema.shape.annotations.catch(undefined),
});
const indexSchema = z.object({
  manifests: listOf(entrySchema)
    .nullable()
    .transform((manifests) => manifests ?? []),
});
const outlineSchema = z.object({ manifests: z.array(z.unknown()).nullable() });

/** Whether a document is an index at all, whatever its entries are. */
export function looksLikeIndex(document: unknown): boolean {
  return outlineSchema.safeParse(document).success;
}

/** The entries of a referrers index; `undefined` when it is none, or one of them is no descriptor. */
export function parseReferrers(document: unknown): readonly Descriptor[] | undefined {
  return indexSchema.safeParse(document).data?.manifests;
}
