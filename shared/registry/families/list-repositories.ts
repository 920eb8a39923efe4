import { codeOf, RegistryError } from '../../errors.ts';
import { isRepositoryName, type PageOptions, type RegistryEndpoint } from '../endpoint/index.ts';
import { distributionCatalog } from './distribution-catalog.ts';
import type { Family } from './family.ts';
import { type PagedTask, readPages, tooLarge, webApiOrigin } from './read-pages.ts';

const MAX_REPOSITORIES = 100_000;

export interface ListRepositoriesOptions extends PageOptions {
  /** Only repositories that begin with this, for example `acme/`. */
  readonly prefix?: string | undefined;
}

/** See `RegistryClient.repositories`. */
export async function* listRepositories(
  endpoint: RegistryEndpoint,
  family: Family | undefined,
  { prefix = '', ...options }: ListRepositoriesOptions = {},
): AsyncGenerator<string, void, undefined> {
  const catalog = family?.catalog ?? distributionCatalog;
  const task: PagedTask = {
    endpoint,
    origin: webApiOrigin(family?.catalog && family, endpoint.origin),
    operation: {
      name: 'list repositories',
      subject: `of ${endpoint.registry}${prefix && ` that begin with "${prefix}"`}`,
    },
    things: 'repositories',
    scopes: [{ repository: '', access: 'catalog' }],
    firstPages: catalog.firstPages(prefix),
    adviceForMany: 'Name the repositories one by one.',
  };
  const seen = new Set<string>();
  try {
    for await (const { rows } of readPages(task, catalog, options)) {
      for (const repository of rows) {
        if (seen.has(repository) || !repository.startsWith(prefix) || !isRepositoryName(repository)) continue;
        seen.add(repository);
        if (seen.size > MAX_REPOSITORIES) throw tooLarge(task, `${MAX_REPOSITORIES} of them`);
        yield repository;
      }
    }
  } catch (error) {
    throw catalog === distributionCatalog ? withAdvice(error) : error;
  }
}

/** Registries may have no catalog, or restrict it, and say so in different ways. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof RegistryError) || !['E_DENIED', 'E_NOT_FOUND', 'E_PROTOCOL'].includes(codeOf(error)))
    return error;
  const { status, registryCodes } = error;
  return new RegistryError(
    error.code,
    `${error.message} Not every registry lists its repositories, and some list them only for credentials that may see all. Configure such credentials, or name the repositories one by one.`,
    { registryCodes, cause: error, ...(status !== undefined && { status }) },
  );
}
