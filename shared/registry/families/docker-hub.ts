import * as z from 'zod';
import { listOf } from '../protocol/list-of.ts';
import { pageLocation } from '../protocol/location.ts';
import { optionalDate, optionalMediaType, optionalText } from './fields.ts';
import { type DigestListing, PAGE_SIZE, splitNamespace } from './listing.ts';

const pageSchema = z.object({
  next: z.string().nullish(),
  results: listOf(
    z.object({
      name: z.string(),
      digest: optionalText,
      media_type: optionalMediaType,
      last_updated: optionalDate,
    }),
  ),
});

/**
 * Docker Hub API, "List repository tags". It has a rate limit of its own and costs no pulls. Asked without
 * credentials, which are not the registry's, so private repositories are not found. Tags pushed long ago come
 * without digest.
 */
export const dockerHubListing: DigestListing = {
  elsewhere: { registryHost: 'registry-1.docker.io', apiHost: 'hub.docker.com' },
  isByTime: true,
  authorization: 'none',
  firstPages(repository) {
    const { namespace, name } = splitNamespace(repository);
    return [
      `/v2/namespaces/${namespace}/repositories/${name}/tags?page=1&page_size=${PAGE_SIZE}&ordering=last_updated`,
    ];
  },
  readPage({ json, url }) {
    const page = pageSchema.safeParse(json).data;
    return (
      page && {
        rows: page.results.map(({ name, digest, media_type, last_updated }) => ({
          tags: [name],
          digest,
          mediaType: media_type,
          updatedAt: last_updated,
        })),
        next: page.next ? pageLocation(page.next, url, url) : undefined,
      }
    );
  },
};
