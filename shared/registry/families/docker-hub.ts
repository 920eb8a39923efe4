import * as z from 'zod';
import { listOf, pageLocation } from '../protocol/index.ts';
import { type CatalogApi, namespacedRepository, requiredNamespace } from './catalog.ts';
import type { Family } from './family.ts';
import { optionalDate, optionalMediaType, optionalText } from './fields.ts';
import { type ListingApi, PAGE_SIZE, splitNamespace } from './listing.ts';

const tagsSchema = z.object({
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

/** Docker Hub API, "List repository tags". Tags pushed long ago come without digest. */
const listing: ListingApi = {
  isByTime: true,
  authorization: 'none',
  firstPages(repository) {
    const { namespace, name } = splitNamespace(repository);
    return [
      `/v2/namespaces/${namespace}/repositories/${name}/tags?page=1&page_size=${PAGE_SIZE}&ordering=last_updated`,
    ];
  },
  readPage({ json, url }) {
    const page = tagsSchema.safeParse(json).data;
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

const repositoriesSchema = z.object({
  next: z.string().nullish(),
  results: listOf(namespacedRepository),
});

/** Docker Hub API, "List repositories" of a namespace. */
const catalog: CatalogApi = {
  authorization: 'none',
  firstPages(prefix) {
    const namespace = requiredNamespace(
      prefix,
      'Docker Hub lists the repositories of one namespace at a time. Write docker.io/NAMESPACE/*, or docker.io/library/* for the official images.',
    );
    return [`/v2/namespaces/${namespace}/repositories/?page=1&page_size=${PAGE_SIZE}`];
  },
  readPage({ json, url }) {
    const page = repositoriesSchema.safeParse(json).data;
    return (
      page && {
        rows: page.results,
        next: page.next ? pageLocation(page.next, url, url) : undefined,
      }
    );
  },
};

/**
 * Docker Hub. Its web API has separate rate limits and costs no pulls. It is asked without credentials, which belong to
 * the registry, so private repositories are not found.
 */
export const dockerHub: Family = {
  isHost: (host) => /^(?:index\.|registry-1\.)?docker\.io$/.test(host),
  apiHost: 'registry-1.docker.io',
  webApiHost: 'hub.docker.com',
  listing,
  catalog,
};
