import * as z from 'zod';
import { isAzureRegistry } from '../auth/index.ts';
import { listOf, nextPage } from '../protocol/index.ts';
import type { Family } from './family.ts';
import { optionalDate, optionalText } from './fields.ts';
import { type ListingApi, PAGE_SIZE } from './listing.ts';

// An empty list is `null`.
const tagsSchema = z.object({
  tags: listOf(z.object({ name: z.string(), digest: optionalText, lastUpdateTime: optionalDate })).nullable(),
});

/** Data plane, "Tag - Get List". Needs the action `metadata_read`, which its challenge names. */
const listing: ListingApi = {
  isByTime: true,
  authorization: 'registry',
  firstPages: (repository) => [`/acr/v1/${repository}/_tags?n=${PAGE_SIZE}&orderby=timedesc`],
  readPage({ json, link, url }) {
    const page = tagsSchema.safeParse(json).data;
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

/**
 * Azure Container Registry. Its catalog is the distribution project's. It deletes tags by a route of its data plane,
 * "Tag - Delete", and manifests by digest only.
 */
export const acr: Family = {
  isHost: isAzureRegistry,
  listing,
  tagPath: (repository, tag) => `/acr/v1/${repository}/_tags/${tag}`,
};
