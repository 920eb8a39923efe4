import type { Credentials } from '../types.ts';

/** A tag, or a manifest with all its tags: web APIs list the one or the other. Not yet checked. */
export interface ListedRow {
  /** Empty for a manifest without tags. */
  readonly tags: readonly string[];
  readonly digest?: string | undefined;
  readonly updatedAt?: Date | undefined;
  readonly mediaType?: string | undefined;
}

/** A page of anything that is listed. */
export interface Page {
  readonly rows: readonly unknown[];
  /** Where the listing goes on, on the host of `PageAnswer.url`; `undefined` on the last page. */
  readonly next: URL | undefined;
}

export interface ListingPage extends Page {
  readonly rows: readonly ListedRow[];
}

export interface PageAnswer {
  /** The page that was asked for. */
  readonly url: URL;
  /** The body; `undefined` when it is not JSON. */
  readonly json: unknown;
  /** The lines of the `Link` header. */
  readonly link: readonly string[];
}

/** How to ask for the pages of a listing, and read them. */
export interface WebApi<P extends Page> {
  /** Where the public registry's API is, when not on the registry's own host. */
  readonly elsewhere?: { readonly registryHost: string; readonly apiHost: string };
  /**
   * Who the API wants to know: the same as distribution-spec's requests, nobody, or what the function makes of
   * the credentials for the registry, a whole `Authorization` header.
   * @throws RegistryError `E_DENIED` when there is no use in asking
   */
  readonly authorization:
    | 'registry'
    | 'none'
    | ((registry: string, credentials: Credentials | undefined) => string | undefined);
  /**
   * `undefined` when the answer is not such a page.
   * @throws RegistryError `E_PROTOCOL` when it goes on at another host
   */
  readPage(answer: PageAnswer): P | undefined;
}

/** How one family of registries lists tags with their digests. Only says what to ask and reads what came. */
export interface DigestListing extends WebApi<ListingPage> {
  /** Tags come in the order in which they were last moved, the latest first, each with that time. */
  readonly isByTime?: boolean;
  /** Path and query of the first page. The second place counts when nothing is at the first, and so on. */
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
