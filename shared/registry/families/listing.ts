import type { Credentials } from '../auth/index.ts';
import type { LinkedPage } from '../endpoint/index.ts';

/** A tag, or a manifest with all its tags: web APIs list the one or the other. Not yet checked. */
export interface ListedRow {
  /** Empty for a manifest without tags. */
  readonly tags: readonly string[];
  readonly digest?: string | undefined;
  readonly updatedAt?: Date | undefined;
  readonly mediaType?: string | undefined;
}

/** A page of anything that is listed. */
export interface Page extends LinkedPage {
  readonly rows: readonly unknown[];
}

export interface ListingPage extends Page {
  readonly rows: readonly ListedRow[];
}

export interface PageResponse {
  /** The page that was requested. */
  readonly url: URL;
  /** The body; `undefined` when it is not JSON. */
  readonly json: unknown;
  /** The lines of the `Link` header. */
  readonly link: readonly string[];
}

/** How to ask for the pages of a listing, and read them. */
export interface WebApi<P extends Page> {
  /**
   * The identity the API takes: that of distribution-spec's requests, none, or the `Authorization` header that the
   * function makes of the credentials for the registry.
   * @throws RegistryError `E_DENIED` when the API cannot be used without credentials
   */
  readonly authorization:
    | 'registry'
    | 'none'
    | ((registry: string, credentials: Credentials | undefined) => string | undefined);
  /**
   * `undefined` when the response is not such a page.
   * @throws RegistryError `E_PROTOCOL` when the next page is on another host
   */
  readPage(response: PageResponse): P | undefined;
}

/** How one family lists tags with their digests: what to request, and how to read the response. */
export interface ListingApi extends WebApi<ListingPage> {
  /** Tags come in the order in which they were last moved, the latest first, each with that time. */
  readonly isByTime?: boolean;
  /** Paths and queries where the first page may be; the next is tried when the one before is not found. */
  firstPages(repository: string): readonly string[];
}

/** Rows on a page, where the API lets us choose: the most that Docker Hub, Quay, Harbor and GitHub give. */
export const PAGE_SIZE = 100;

/** `library/node` is `node` in the namespace `library`; what follows the first slash is the name, escaped for a path. */
export function splitNamespace(repository: string): { readonly namespace: string; readonly name: string } {
  const slash = repository.indexOf('/');
  if (slash < 0) return { namespace: '', name: repository };
  return { namespace: repository.slice(0, slash), name: encodeURIComponent(repository.slice(slash + 1)) };
}

/** The page after this one, for APIs that count them and send no link. */
export function pageAfter(url: URL): URL {
  const next = new URL(url);
  next.searchParams.set('page', String(Number(url.searchParams.get('page') ?? 1) + 1));
  return next;
}
