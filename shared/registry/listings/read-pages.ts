import { digestOf } from '../../content/index.ts';
import { codeOf, RegistryError, TransportError } from '../../errors.ts';
import { secretsIn } from '../auth/secrets-in.ts';
import { display, need, type Place } from '../place.ts';
import { parseJson } from '../protocol/json.ts';
import type { CallOptions } from '../types.ts';
import type { DigestListing, ListedRow, ListingPage } from './listing.ts';
import { refusedPage } from './refused-page.ts';

const MAX_PAGE_BYTES = 32 * 1024 * 1024;
const MAX_PAGES = 2_000;

/**
 * The rows of a listing, page by page; the next page is asked for when it is wanted.
 * @throws RegistryError, TransportError (`E_TOO_LARGE` for a listing without end), the signal's reason when aborted
 */
export async function* readPages(
  place: Place,
  listing: DigestListing,
  { signal }: CallOptions,
): AsyncGenerator<readonly ListedRow[], void, undefined> {
  const reader = await createPageReader(place, listing, signal);
  const seen = new Set<string>();
  let page = await reader.first();
  for (;;) {
    // By what they hold: a server that is stuck may well number its pages or change their links.
    const content = digestOf(JSON.stringify(page.rows));
    if (page.next && seen.has(content)) throw reader.malformed('sends the same page over and over');
    seen.add(content);
    yield page.rows;
    if (!page.next) return;
    if (seen.size >= MAX_PAGES) throw tooLarge(place, `${MAX_PAGES} pages`);
    page = await reader.read(page.next);
  }
}

/** The repository has more tags than anybody is served by listing. */
export function tooLarge(place: Place, limit: string): TransportError {
  return new TransportError(
    'E_TOO_LARGE',
    `Could not ${task(place)}: there are more than ${limit}. Name the tags to watch exactly: then they are asked for one by one.`,
  );
}

interface PageReader {
  first(): Promise<ListingPage>;
  read(url: URL): Promise<ListingPage>;
  malformed(how: string): RegistryError;
}

async function createPageReader(
  place: Place,
  listing: DigestListing,
  signal: AbortSignal | undefined,
): Promise<PageReader> {
  const { channel } = place;
  const what = task(place);
  const origin = apiOrigin(listing, channel.origin);
  const ownCredentials = listing.authorization !== 'registry';
  const authorization = await channel.naming(what, signal, authorize);

  async function authorize(): Promise<string | undefined> {
    if (typeof listing.authorization === 'string') return undefined;
    return listing.authorization(place.name.registry, await channel.credentials(signal));
  }

  async function read(url: URL): Promise<ListingPage> {
    const response = await channel.request({
      what,
      method: 'GET',
      url,
      needs: [need(place, 'list')],
      ownCredentials,
      headers: { accept: 'application/json', ...(authorization && { authorization }) },
      // Registries refuse as distribution-spec has it, other APIs in ways of their own.
      expect: ownCredentials ? [200, 403, 429] : [200],
      signal,
    });
    if (response.status !== 200) {
      throw await refusedPage(response, what, channel.timing.now(), secretsIn(authorization));
    }
    const json = parseJson(await channel.readAll(response, MAX_PAGE_BYTES, { what, signal }));
    const answer = { url, json, link: response.headerLines('link') };
    const page = await channel.naming(what, signal, async () => listing.readPage(answer));
    if (!page) throw malformed('sent something that is not a list of tags');
    return page;
  }

  async function first(
    [path = '', ...others] = listing.firstPages(place.name.repository),
  ): Promise<ListingPage> {
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
      `Could not ${what}: ${origin.host} ${how}. Check that no sign-in page or proxy answers for it, and of which kind the registry is.`,
    );
  }

  return { first, read, malformed };
}

function apiOrigin({ elsewhere }: DigestListing, registry: URL): URL {
  return elsewhere?.registryHost === registry.host ? new URL(`https://${elsewhere.apiHost}`) : registry;
}

function task(place: Place): string {
  return `list the tags of ${display(place)} with their digests`;
}
