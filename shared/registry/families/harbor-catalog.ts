import * as z from 'zod';
import { listOf } from '../protocol/list-of.ts';
import { nextPage } from '../protocol/location.ts';
import { type Catalog, namespaceOf } from './catalog.ts';
import { harborListing } from './harbor.ts';
import { PAGE_SIZE } from './listing.ts';

const pageSchema = listOf(z.object({ name: z.string() }));

/**
 * Harbor API v2.0, `listRepositories` of a project, or `listAllRepositories` that the credentials may see. Its
 * distribution catalog is for administrators only.
 */
export const harborCatalog: Catalog = {
  authorization: harborListing.authorization,
  firstPages(prefix) {
    const project = namespaceOf(prefix);
    const path = project === undefined ? 'repositories' : `projects/${project}/repositories`;
    return [`/api/v2.0/${path}?page=1&page_size=${PAGE_SIZE}`];
  },
  readPage({ json, link, url }) {
    const repositories = pageSchema.safeParse(json).data;
    return repositories && { rows: repositories.map(({ name }) => name), next: nextPage(link, url, url) };
  },
};
