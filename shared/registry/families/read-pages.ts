import { digestOf } from '../../content/index.ts';
import { codeOf, RegistryError, TransportError } from '../../errors.ts';
import { type RequiredScope, secretsIn } from '../auth/index.ts';
import { followPages, type PageOptions, type RegistryEndpoint, retryUntilIntact } from '../endpoint/index.ts';
import type { RetryBudget } from '../http/index.ts';
import { contextOf, couldNot, type Operation, parseJson } from '../protocol/index.ts';
import type { Family } from './family.ts';
import type { Page, WebApi } from './listing.ts';
import { refusedPage } from './refused-page.ts';

const MAX_PAGE_BYTES = 32 * 1024 * 1024;
const MAX_PAGES = 2_000;

/** What is to be listed. */
export interface PagedTask {
  readonly endpoint: RegistryEndpoint;
  /** Of the API. */
  readonly origin: URL;
  readonly operation: Operation;
  /** What is on the pages, as in "a list of tags". */
  readonly things: string;
  /** For an API that asks for the registry's own credentials. */
  readonly scopes: readonly RequiredScope[];
  /** Paths and queries where the first page may be; the next is tried when the one before is not found. */
  readonly firstPages: readonly string[];
  /** What to do where there is more than is read. */
  readonly adviceForMany: string;
}

/**
 * The pages of a listing; the next is asked for when it is wanted.
 * @throws what `onPage` throws, RegistryError, TransportError (`E_TOO_LARGE` for a listing without end), the signal's reason when aborted
 */
export async function* readPages<P extends Page>(
  task: PagedTask,
  api: WebApi<P>,
  options: PageOptions,
): AsyncGenerator<P, void, undefined> {
  const reader = await createPageReader(task, api, options);
  yield* followPages(await reader.first(), {
    read: reader.read,
    // By its content: a server that is stuck may still number its pages or change their links.
    positionOf: ({ rows }) => digestOf(JSON.stringify(rows)),
    maxPages: MAX_PAGES,
    stuck: () => reader.malformed('keeps sending the same page'),
    tooMany: () => tooLarge(task, `${MAX_PAGES} pages`),
  });
}

/** There is more than is read. */
export function tooLarge({ operation, adviceForMany }: PagedTask, limit: string): TransportError {
  return new TransportError(
    'E_TOO_LARGE',
    `${couldNot(operation)}: there are more than ${limit}. ${adviceForMany}`,
    contextOf(operation),
  );
}

interface PageReader<P> {
  first(): Promise<P>;
  read(url: URL): Promise<P>;
  malformed(how: string): RegistryError;
}

async function createPageReader<P extends Page>(
  { endpoint, origin, operation, things, scopes, firstPages }: PagedTask,
  api: WebApi<P>,
  { onPage, signal }: PageOptions,
): Promise<PageReader<P>> {
  const ownCredentials = api.authorization !== 'registry';
  const authorization = await endpoint.naming(operation, signal, authorize);

  async function authorize(): Promise<string | undefined> {
    if (typeof api.authorization === 'string') return undefined;
    return api.authorization(endpoint.registry, await endpoint.credentials(signal));
  }

  async function read(url: URL): Promise<P> {
    await onPage?.();
    return await retryUntilIntact({ endpoint }, signal, (retries) => readOnce(url, retries));
  }

  async function readOnce(url: URL, retries: RetryBudget): Promise<P> {
    const response = await endpoint.request({
      operation,
      method: 'GET',
      url,
      scopes,
      ownCredentials,
      headers: { accept: 'application/json', ...(authorization && { authorization }) },
      // Registries refuse as distribution-spec has it, other APIs in ways of their own.
      expect: ownCredentials ? [200, 403, 429] : [200],
      retries,
      signal,
    });
    if (response.status !== 200) {
      throw await refusedPage(response, operation, endpoint.timing.now(), secretsIn(authorization));
    }
    const json = parseJson(await endpoint.readAll(response, MAX_PAGE_BYTES, { operation, signal }));
    const answer = { url, json, link: response.headerLines('link') };
    const page = await endpoint.naming(operation, signal, async () => api.readPage(answer));
    if (!page) throw malformed(`sent something that is not a list of ${things}`);
    return page;
  }

  async function first([path = '', ...others] = firstPages): Promise<P> {
    try {
      return await read(new URL(path, origin));
    } catch (error) {
      if (others.length === 0 || codeOf(error) !== 'E_NOT_FOUND') throw error;
      return await first(others);
    }
  }

  function malformed(how: string): RegistryError {
    return new RegistryError(
      'E_PROTOCOL',
      `${couldNot(operation)}: ${origin.host} ${how}. Check that no sign-in page or proxy answers for it, and which family the registry is of.`,
      contextOf(operation),
    );
  }

  return { first, read, malformed };
}

/** Where a registry's web API is. A registry under a custom host name has it at its own host. */
export function webApiOrigin(family: Family | undefined, registry: URL): URL {
  const host = family?.isHost?.(registry.host) ? family.webApiHost : undefined;
  return host === undefined ? registry : new URL(`https://${host}`);
}
