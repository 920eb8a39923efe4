import * as z from 'zod';
import { listOf, nextPage } from '../protocol/index.ts';
import type { CatalogApi } from './catalog.ts';

// An empty list is `null` in some registries.
const pageSchema = z.object({ repositories: listOf(z.string()).nullable() });

/**
 * The catalog of the distribution project (docs/spec/api.md, "Listing Repositories"), which many registries have and
 * distribution-spec leaves out. Azure's is the same, and wants the scope `registry:catalog:*` as well.
 */
export const distributionCatalog: CatalogApi = {
  authorization: 'registry',
  firstPages: () => ['/v2/_catalog?n=1000'],
  readPage({ json, link, url }) {
    const page = pageSchema.safeParse(json).data;
    return page && { rows: page.repositories ?? [], next: nextPage(link, url, url) };
  },
};
