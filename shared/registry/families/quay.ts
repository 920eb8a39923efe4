import * as z from 'zod';
import { listOf } from '../protocol/list-of.ts';
import { optionalText, optionalUnixTime } from './fields.ts';
import { type DigestListing, PAGE_SIZE, pageAfter } from './listing.ts';

const pageSchema = z.object({
  tags: listOf(z.object({ name: z.string(), manifest_digest: optionalText, start_ts: optionalUnixTime })),
  has_additional: z.boolean(),
});

/**
 * Quay API, `listRepoTags`. Without `onlyActiveTags` it lists what tags were in the past too. Asked without
 * credentials: a robot's token is good for the registry only, so private repositories are refused.
 */
export const quayListing: DigestListing = {
  authorization: 'none',
  firstPages: (repository) => [
    `/api/v1/repository/${repository}/tag/?limit=${PAGE_SIZE}&page=1&onlyActiveTags=true`,
  ],
  readPage({ json, url }) {
    const page = pageSchema.safeParse(json).data;
    return (
      page && {
        rows: page.tags.map(({ name, manifest_digest, start_ts }) => ({
          tags: [name],
          digest: manifest_digest,
          updatedAt: start_ts,
        })),
        next: page.has_additional ? pageAfter(url) : undefined,
      }
    );
  },
};
