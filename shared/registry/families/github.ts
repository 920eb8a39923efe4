import * as z from 'zod';
import { RegistryError } from '../../errors.ts';
import { listOf } from '../protocol/list-of.ts';
import { nextPage } from '../protocol/location.ts';
import { optionalDate } from './fields.ts';
import { type DigestListing, PAGE_SIZE, splitNamespace } from './listing.ts';

const pageSchema = listOf(
  z.object({
    name: z.string(),
    updated_at: optionalDate,
    metadata: z.object({ container: z.object({ tags: listOf(z.string()) }) }),
  }),
);

/**
 * GitHub REST API, "List package versions": a row for each manifest, those without tags included. Wants a
 * token with `read:packages` even for public packages: the password for the registry is one.
 */
export const githubListing: DigestListing = {
  elsewhere: { registryHost: 'ghcr.io', apiHost: 'api.github.com' },
  authorization(registry, credentials) {
    if (credentials?.kind === 'password') return `Bearer ${credentials.password}`;
    throw new RegistryError(
      'E_DENIED',
      `GitHub lists versions of packages, public ones too, for a token with read:packages only. Configure a user name and such a token for ${registry}.`,
    );
  },
  firstPages(repository) {
    const { namespace, name } = splitNamespace(repository);
    // A name does not say whether it is an organisation's or a user's.
    return ['orgs', 'users'].map(
      (owners) =>
        `/${owners}/${namespace}/packages/container/${name}/versions?state=active&per_page=${PAGE_SIZE}`,
    );
  },
  readPage({ json, link, url }) {
    const versions = pageSchema.safeParse(json).data;
    return (
      versions && {
        rows: versions.map(({ name, updated_at, metadata }) => ({
          tags: metadata.container.tags,
          digest: name,
          updatedAt: updated_at,
        })),
        next: nextPage(link, url, url),
      }
    );
  },
};
