import * as z from 'zod';
import { listOf } from '../protocol/list-of.ts';
import { type Catalog, namespacedRepository, requiredNamespace } from './catalog.ts';

const pageSchema = z.object({
  repositories: listOf(namespacedRepository),
  next_page: z.string().nullish(),
});

/**
 * Quay API, `listRepos` of a namespace. Asked without credentials, because a robot's token is good for the registry
 * only; so private repositories are left out.
 */
export const quayCatalog: Catalog = {
  authorization: 'none',
  firstPages(prefix) {
    const namespace = requiredNamespace(
      prefix,
      'Quay lists the repositories of one namespace at a time. Write HOST/NAMESPACE/*.',
    );
    return [`/api/v1/repository?namespace=${namespace}&public=true`];
  },
  readPage({ json, url }) {
    const page = pageSchema.safeParse(json).data;
    if (!page) return undefined;
    const next = new URL(url);
    if (page.next_page) next.searchParams.set('next_page', page.next_page);
    return { rows: page.repositories, next: page.next_page ? next : undefined };
  },
};
