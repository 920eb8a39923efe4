import { codeOf, RegistryError } from '../../errors.ts';
import type { RegistryEndpoint } from '../endpoint/registry-endpoint.ts';
import { assertRepositoryName } from '../endpoint/repository-context.ts';
import type { ListRepositoriesOptions, RegistryFamily } from '../types.ts';
import type { Catalog } from './catalog.ts';
import { distributionCatalog } from './distribution-catalog.ts';
import { dockerHubCatalog } from './docker-hub-catalog.ts';
import { githubCatalog } from './github-catalog.ts';
import { harborCatalog } from './harbor-catalog.ts';
import { listingSupport } from './index.ts';
import { quayCatalog } from './quay-catalog.ts';
import { type PagedTask, readPages, tooLarge } from './read-pages.ts';

const MAX_REPOSITORIES = 100_000;

const CATALOGS: Readonly<Partial<Record<RegistryFamily, Catalog>>> = {
  'docker-hub': dockerHubCatalog,
  github: githubCatalog,
  harbor: harborCatalog,
  quay: quayCatalog,
};

/** See `RegistryClient.repositories`. */
export async function* listRepositories(
  endpoint: RegistryEndpoint,
  { prefix = '', ...options }: ListRepositoriesOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { family } = listingSupport(endpoint.registry, endpoint.settings.family);
  const catalog = (family && CATALOGS[family]) ?? distributionCatalog;
  const task: PagedTask = {
    endpoint,
    what: `list the repositories of ${endpoint.registry}${prefix && ` that begin with "${prefix}"`}`,
    things: 'repositories',
    scopes: [{ repository: '', access: 'catalog' }],
    firstPages: catalog.firstPages(prefix),
    adviceForMany: 'Name the repositories one by one.',
  };
  const seen = new Set<string>();
  try {
    for await (const { rows } of readPages(task, catalog, options)) {
      for (const repository of rows) {
        if (seen.has(repository) || !repository.startsWith(prefix) || !isRepository(repository)) continue;
        seen.add(repository);
        if (seen.size > MAX_REPOSITORIES) throw tooLarge(task, `${MAX_REPOSITORIES} of them`);
        yield repository;
      }
    }
  } catch (error) {
    throw catalog === distributionCatalog ? withAdvice(error) : error;
  }
}

/** Registries may have no catalog, or none for everybody, and say so in ways of their own. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof RegistryError) || !['E_DENIED', 'E_NOT_FOUND', 'E_PROTOCOL'].includes(codeOf(error)))
    return error;
  const { status, registryCodes } = error;
  return new RegistryError(
    error.code,
    `${error.message} Not every registry lists its repositories, and some do so only for who may see them all: configure such credentials, or name the repositories one by one.`,
    { registryCodes, cause: error, ...(status !== undefined && { status }) },
  );
}

function isRepository(repository: string): boolean {
  try {
    assertRepositoryName({ registry: '', repository });
    return true;
  } catch {
    return false;
  }
}
