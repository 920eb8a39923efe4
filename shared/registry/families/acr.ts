import * as z from 'zod';
import { listOf } from '../protocol/list-of.ts';
import { nextPage } from '../protocol/location.ts';
import { optionalDate, optionalText } from './fields.ts';
import { type DigestListing, PAGE_SIZE } from './listing.ts';

// An empty list is `null`.
const pageSchema = z.object({
  tags: listOf(z.object({ name: z.string(), digest: optionalText, lastUpdateTime: optionalDate })).nullable(),
});

/**
 * Azure Container Registry, data plane "Tag - Get List". Needs the action `metadata_read`, for which its
 * challenge asks.
 */
export const acrListing: DigestListing = {
  isByTime: true,
  authorization: 'registry',
  firstPages: (repository) => [`/acr/v1/${repository}/_tags?n=${PAGE_SIZE}&orderby=timedesc`],
  readPage({ json, link, url }) {
    const page = pageSchema.safeParse(json).data;
    return (
      page && {
        rows: (page.tags ?? []).map(({ name, digest, lastUpdateTime }) => ({
          tags: [name],
          digest,
          updatedAt: lastUpdateTime,
        })),
        next: nextPage(link, url, url),
      }
    );
  },
};
