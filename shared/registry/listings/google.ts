import * as z from 'zod';
import { nextPage } from '../protocol/location.ts';
import { optionalEpochMs, optionalMediaType } from './fields.ts';
import type { DigestListing, ListedRow } from './listing.ts';

/** Enough for nearly every repository to come in one answer. */
const TAGS_ON_A_PAGE = 10_000;

const strings = z
  .array(z.string())
  .nullable()
  .transform((values) => values ?? []);
const pageSchema = z.object({
  tags: strings,
  manifest: z
    .record(
      z.string(),
      z.object({ tag: strings.default([]), mediaType: optionalMediaType, timeUploadedMs: optionalEpochMs }),
    )
    .default({}),
});

/**
 * Container Registry and Artifact Registry add a map of manifests to distribution-spec's tag listing. A tag that
 * is in no manifest's entry is listed without digest.
 */
export const googleListing: DigestListing = {
  authorization: 'registry',
  firstPages: (repository) => [`/v2/${repository}/tags/list?n=${TAGS_ON_A_PAGE}`],
  readPage({ json, link, url }) {
    const page = pageSchema.safeParse(json).data;
    if (!page) return undefined;
    const manifests = Object.entries(page.manifest)
      .map(([digest, { tag, mediaType, timeUploadedMs }]) => ({
        tags: tag,
        digest,
        mediaType,
        updatedAt: timeUploadedMs,
      }))
      .sort(newestFirst);
    const placed = new Set(manifests.flatMap(({ tags }) => tags));
    const rest = page.tags.filter((tag) => !placed.has(tag));
    return { rows: [...manifests, { tags: rest }], next: nextPage(link, url, url) };
  },
};

function newestFirst(a: ListedRow, b: ListedRow): number {
  return (b.updatedAt?.getTime() ?? 0) - (a.updatedAt?.getTime() ?? 0);
}
