import * as z from 'zod';
import { RegistryError } from '../../errors.ts';
import type { Credentials } from '../auth/index.ts';
import { listOf, nextPage } from '../protocol/index.ts';
import { type CatalogApi, requiredNamespace } from './catalog.ts';
import type { Family } from './family.ts';
import { optionalDate } from './fields.ts';
import { type ListingApi, PAGE_SIZE, splitNamespace } from './listing.ts';

const versionsSchema = listOf(
  z.object({
    name: z.string(),
    updated_at: optionalDate,
    metadata: z.object({ container: z.object({ tags: listOf(z.string()) }) }),
  }),
);

/** GitHub REST API, "List package versions": a row for each manifest, those without tags included. */
const listing: ListingApi = {
  authorization: (registry, credentials) =>
    bearer(
      credentials,
      `GitHub lists package versions, public ones too, only for a token with read:packages. Configure a user name and such a token for ${registry}.`,
    ),
  firstPages(repository) {
    const { namespace, name } = splitNamespace(repository);
    return OWNER_KINDS.map(
      (owners) =>
        `/${owners}/${namespace}/packages/container/${name}/versions?state=active&per_page=${PAGE_SIZE}`,
    );
  },
  readPage({ json, link, url }) {
    const versions = versionsSchema.safeParse(json).data;
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

const packagesSchema = listOf(z.object({ name: z.string(), owner: z.object({ login: z.string() }) }));

/** GitHub REST API, "List packages" of an organization or user. */
const catalog: CatalogApi = {
  authorization: (registry, credentials) =>
    bearer(
      credentials,
      `GitHub lists packages, public ones too, only for a token with read:packages. Configure a user name and such a token for ${registry}, or name the repositories one by one.`,
    ),
  firstPages(prefix) {
    const owner = requiredNamespace(
      prefix,
      'GitHub lists the packages of one owner at a time. Write ghcr.io/OWNER/*.',
    );
    return OWNER_KINDS.map(
      (owners) => `/${owners}/${owner}/packages?package_type=container&per_page=${PAGE_SIZE}`,
    );
  },
  readPage({ json, link, url }) {
    const packages = packagesSchema.safeParse(json).data;
    return (
      packages && {
        // Owners may have capital letters, repositories not.
        rows: packages.map(({ name, owner }) => `${owner.login}/${name}`.toLowerCase()),
        next: nextPage(link, url, url),
      }
    );
  },
};

/** GitHub Packages. Its REST API wants a token with `read:packages`; the password for the registry is one. */
export const github: Family = {
  isHost: (host) => host === 'ghcr.io',
  webApiHost: 'api.github.com',
  listing,
  catalog,
};

/** A name does not say whether it is an organization's or a user's. */
const OWNER_KINDS = ['orgs', 'users'] as const;

function bearer(credentials: Credentials | undefined, advice: string): string {
  if (credentials?.kind === 'password') return `Bearer ${credentials.password}`;
  throw new RegistryError('E_DENIED', advice);
}
