import * as z from 'zod';
import { basicHeader, type Credentials } from '../auth/index.ts';
import { listOf, nextPage } from '../protocol/index.ts';
import { type CatalogApi, namespaceOf } from './catalog.ts';
import type { Family } from './family.ts';
import { optionalDate, optionalMediaType, optionalText } from './fields.ts';
import { type ListedRow, type ListingApi, PAGE_SIZE, pageAfter, splitNamespace } from './listing.ts';

const artifactsSchema = listOf(
  z.object({
    digest: optionalText,
    manifest_media_type: optionalMediaType,
    tags: listOf(z.object({ name: z.string(), push_time: optionalDate })).nullish(),
  }),
);

/** Harbor API v2.0, `listArtifacts`: a row for each manifest, with its tags. */
const listing: ListingApi = {
  authorization,
  firstPages(repository) {
    const { namespace, name } = splitNamespace(repository);
    // Harbor wants the slashes of a repository's name encoded twice.
    const path = `/api/v2.0/projects/${namespace}/repositories/${encodeURIComponent(name)}/artifacts`;
    return [`${path}?page=1&page_size=${PAGE_SIZE}&with_tag=true&q=tags%3D*&sort=-push_time`];
  },
  readPage({ json, link, url }) {
    const artifacts = artifactsSchema.safeParse(json).data;
    return (
      artifacts && {
        rows: artifacts.flatMap(({ digest, manifest_media_type: mediaType, tags }): ListedRow[] =>
          tags?.length
            ? tags.map(({ name, push_time }) => ({ tags: [name], digest, mediaType, updatedAt: push_time }))
            : [{ tags: [], digest, mediaType }],
        ),
        // The link only says that there is more: followed as it is, it would lose the double encoding of the path.
        next: nextPage(link, url, url) && pageAfter(url),
      }
    );
  },
};

const repositoriesSchema = listOf(z.object({ name: z.string() }));

/**
 * Harbor API v2.0, `listRepositories` of a project, or `listAllRepositories` that the credentials may see. Its
 * distribution catalog is for administrators only.
 */
const catalog: CatalogApi = {
  authorization,
  firstPages(prefix) {
    const project = namespaceOf(prefix);
    const path = project === undefined ? 'repositories' : `projects/${project}/repositories`;
    return [`/api/v2.0/${path}?page=1&page_size=${PAGE_SIZE}`];
  },
  readPage({ json, link, url }) {
    const repositories = repositoriesSchema.safeParse(json).data;
    return repositories && { rows: repositories.map(({ name }) => name), next: nextPage(link, url, url) };
  },
};

/** Harbor, always under a custom host name. */
export const harbor: Family = { listing, catalog };

/** The API takes user name and password (robot accounts too), not the registry's tokens; public projects need neither. */
function authorization(_registry: string, credentials: Credentials | undefined): string | undefined {
  return credentials?.kind === 'password'
    ? basicHeader(credentials.username, credentials.password)
    : undefined;
}
