import * as z from 'zod';
import { listOf } from '../protocol/list-of.ts';
import { pageLocation } from '../protocol/location.ts';
import { type Catalog, namespacedRepository, requiredNamespace } from './catalog.ts';
import { PAGE_SIZE } from './listing.ts';

const pageSchema = z.object({
  next: z.string().nullish(),
  results: listOf(namespacedRepository),
});

/** Docker Hub API, "List repositories" of a namespace. Asked without credentials, so private ones are not found. */
export const dockerHubCatalog: Catalog = {
  elsewhere: { registryHost: 'registry-1.docker.io', apiHost: 'hub.docker.com' },
  authorization: 'none',
  firstPages(prefix) {
    const namespace = requiredNamespace(
      prefix,
      'Docker Hub lists the repositories of one namespace at a time. Write docker.io/NAMESPACE/*, or docker.io/library/* for the official images.',
    );
    return [`/v2/namespaces/${namespace}/repositories/?page=1&page_size=${PAGE_SIZE}`];
  },
  readPage({ json, url }) {
    const page = pageSchema.safeParse(json).data;
    return (
      page && {
        rows: page.results,
        next: page.next ? pageLocation(page.next, url, url) : undefined,
      }
    );
  },
};
