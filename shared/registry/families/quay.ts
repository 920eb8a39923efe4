import * as z from 'zod';
import { listOf } from '../protocol/index.ts';
import { type CatalogApi, namespacedRepository, requiredNamespace } from './catalog.ts';
import type { Family } from './family.ts';
import { optionalText, optionalUnixTime } from './fields.ts';
import { type ListingApi, PAGE_SIZE, pageAfter } from './listing.ts';

const tagsSchema = z.object({
  tags: listOf(z.object({ name: z.string(), manifest_digest: optionalText, start_ts: optionalUnixTime })),
  has_additional: z.boolean(),
});

/** Quay API, `listRepoTags`. Without `onlyActiveTags` it lists what tags named in the past too. */
const listing: ListingApi = {
  authorization: 'none',
  firstPages: (repository) => [
    `/api/v1/repository/${repository}/tag/?limit=${PAGE_SIZE}&page=1&onlyActiveTags=true`,
  ],
  readPage({ json, url }) {
    const page = tagsSchema.safeParse(json).data;
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

const repositoriesSchema = z.object({
  repositories: listOf(namespacedRepository),
  next_page: z.string().nullish(),
});

/** Quay API, `listRepos` of a namespace. */
const catalog: CatalogApi = {
  authorization: 'none',
  firstPages(prefix) {
    const namespace = requiredNamespace(
      prefix,
      'Quay lists the repositories of one namespace at a time. Write HOST/NAMESPACE/*.',
    );
    return [`/api/v1/repository?namespace=${namespace}&public=true`];
  },
  readPage({ json, url }) {
    const page = repositoriesSchema.safeParse(json).data;
    if (!page) return undefined;
    const next = new URL(url);
    if (page.next_page) next.searchParams.set('next_page', page.next_page);
    return { rows: page.repositories, next: page.next_page ? next : undefined };
  },
};

/**
 * Quay. Its API is asked without credentials, because a robot account's token is valid for the registry only: private
 * repositories are refused, or left out.
 */
export const quay: Family = { isHost: (host) => host === 'quay.io', listing, catalog };
