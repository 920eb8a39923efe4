import * as z from 'zod';
import { InvalidInputError } from '../../errors.ts';
import { PAGE_SIZE } from '../listings/listing.ts';
import { pageLocation } from '../protocol/location.ts';
import { type Catalog, namespaceOf } from './catalog.ts';

const pageSchema = z.object({
  next: z.string().nullish(),
  results: z.array(z.object({ namespace: z.string(), name: z.string() })),
});

/** Docker Hub API, "List repositories" of a namespace. Asked without credentials, so private ones are not found. */
export const dockerHubCatalog: Catalog = {
  elsewhere: { registryHost: 'registry-1.docker.io', apiHost: 'hub.docker.com' },
  authorization: 'none',
  firstPages(prefix) {
    const namespace = namespaceOf(prefix);
    if (namespace === undefined) {
      throw new InvalidInputError(
        'E_ARGUMENT',
        'Docker Hub lists the repositories of one namespace at a time. Write docker.io/NAMESPACE/*, or docker.io/library/* for the official images.',
      );
    }
    return [`/v2/namespaces/${namespace}/repositories/?page=1&page_size=${PAGE_SIZE}`];
  },
  readPage({ json, url }) {
    const page = pageSchema.safeParse(json).data;
    return (
      page && {
        rows: page.results.map(({ namespace, name }) => `${namespace}/${name}`),
        next: page.next ? pageLocation(page.next, url, url) : undefined,
      }
    );
  },
};
