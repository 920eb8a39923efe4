import * as z from 'zod';
import { listOf, nextPage } from '../protocol/index.ts';
import type { Family } from './family.ts';
import { optionalEpochMs, optionalMediaType } from './fields.ts';
import type { ListedRow, ListingApi } from './listing.ts';

/** Enough for nearly every repository to come in one answer. */
const TAGS_ON_A_PAGE = 10_000;

const strings = listOf(z.string())
  .nullable()
  .transform((values) => values ?? []);
const manifest = z.object({
  tag: strings.default([]),
  mediaType: optionalMediaType,
  timeUploadedMs: optionalEpochMs,
});
const pageSchema = z.object({
  tags: strings,
  manifest: z
    .preprocess(
      (manifests) => (manifests instanceof Object ? Object.entries(manifests) : manifests),
      listOf(z.tuple([z.string(), manifest])),
    )
    .default([]),
});

/** A tag that is in no manifest's entry is listed without digest. */
const listing: ListingApi = {
  authorization: 'registry',
  firstPages: (repository) => [`/v2/${repository}/tags/list?n=${TAGS_ON_A_PAGE}`],
  readPage({ json, link, url }) {
    const page = pageSchema.safeParse(json).data;
    if (!page) return undefined;
    const manifests = page.manifest
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

/** Container Registry and Artifact Registry, which add a map of manifests to distribution-spec's tag listing. */
export const google: Family = {
  isHost: (host) => /^(?:.+\.)?gcr\.io$|\.pkg\.dev$/.test(host),
  listing,
};

function newestFirst(a: ListedRow, b: ListedRow): number {
  return (b.updatedAt?.getTime() ?? 0) - (a.updatedAt?.getTime() ?? 0);
}
