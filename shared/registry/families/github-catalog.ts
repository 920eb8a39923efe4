import * as z from 'zod';
import { RegistryError } from '../../errors.ts';
import { listOf } from '../protocol/list-of.ts';
import { nextPage } from '../protocol/location.ts';
import { type Catalog, requiredNamespace } from './catalog.ts';
import { PAGE_SIZE } from './listing.ts';

const pageSchema = listOf(z.object({ name: z.string(), owner: z.object({ login: z.string() }) }));

/**
 * GitHub REST API, "List packages" of an organization or user. Wants a token with `read:packages` even for public
 * packages: the password for the registry is one.
 */
export const githubCatalog: Catalog = {
  elsewhere: { registryHost: 'ghcr.io', apiHost: 'api.github.com' },
  authorization(registry, credentials) {
    if (credentials?.kind === 'password') return `Bearer ${credentials.password}`;
    throw new RegistryError(
      'E_DENIED',
      `GitHub lists packages, public ones too, for a token with read:packages only. Configure a user name and such a token for ${registry}, or name the repositories one by one.`,
    );
  },
  firstPages(prefix) {
    const owner = requiredNamespace(
      prefix,
      'GitHub lists the packages of one owner at a time. Write ghcr.io/OWNER/*.',
    );
    // A name does not say whether it is an organisation's or a user's.
    return ['orgs', 'users'].map(
      (owners) => `/${owners}/${owner}/packages?package_type=container&per_page=${PAGE_SIZE}`,
    );
  },
  readPage({ json, link, url }) {
    const packages = pageSchema.safeParse(json).data;
    return (
      packages && {
        // Owners may be written with capitals, repositories not.
        rows: packages.map(({ name, owner }) => `${owner.login}/${name}`.toLowerCase()),
        next: nextPage(link, url, url),
      }
    );
  },
};
