import * as z from 'zod';
import { basicHeader } from '../auth/basic-scheme.ts';
import { listOf } from '../protocol/list-of.ts';
import { nextPage } from '../protocol/location.ts';
import { optionalDate, optionalMediaType, optionalText } from './fields.ts';
import { type DigestListing, type ListedRow, PAGE_SIZE, pageAfter, splitNamespace } from './listing.ts';

const pageSchema = listOf(
  z.object({
    digest: optionalText,
    manifest_media_type: optionalMediaType,
    tags: listOf(z.object({ name: z.string(), push_time: optionalDate })).nullish(),
  }),
);

/**
 * Harbor API v2.0, `listArtifacts`: a row for each manifest, with its tags. The API takes user and password
 * (robots too), not the tokens of the registry it belongs to; public projects need neither.
 */
export const harborListing: DigestListing = {
  authorization: (_registry, credentials) =>
    credentials?.kind === 'password' ? basicHeader(credentials.username, credentials.password) : undefined,
  firstPages(repository) {
    const { namespace, name } = splitNamespace(repository);
    // Harbor wants the slashes of a repository's name encoded twice.
    const path = `/api/v2.0/projects/${namespace}/repositories/${encodeURIComponent(name)}/artifacts`;
    return [`${path}?page=1&page_size=${PAGE_SIZE}&with_tag=true&q=tags%3D*&sort=-push_time`];
  },
  readPage({ json, link, url }) {
    const artifacts = pageSchema.safeParse(json).data;
    return (
      artifacts && {
        rows: artifacts.flatMap(({ digest, manifest_media_type: mediaType, tags }): ListedRow[] =>
          tags?.length
            ? tags.map(({ name, push_time }) => ({ tags: [name], digest, mediaType, updatedAt: push_time }))
            : [{ tags: [], digest, mediaType }],
        ),
        // Its link only tells that there is more: followed, it would have to keep the path encoded twice.
        next: nextPage(link, url, url) && pageAfter(url),
      }
    );
  },
};
