import { DistributionError } from './errors.ts';

/** A part of a sorted list. */
export interface Page {
  /** Only entries that sort after this one. */
  readonly after: string | undefined;
  readonly limit: number;
}

export interface ListedPage {
  readonly items: readonly string[];
  /** `Link` to the next page, when there is one. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Longer lists come in pages also when the client did not ask for pages, as the distribution-spec permits. */
export const MAX_PAGE_ENTRIES = 10_000;
/** A repository name is the longest thing listed. */
const MAX_LAST_LENGTH = 255;

/** For a storage that has the whole list. */
export function pageOf(sorted: readonly string[], { after, limit }: Page): readonly string[] {
  const rest = after === undefined ? sorted : sorted.filter((entry) => entry > after);
  return rest.slice(0, limit);
}

/**
 * One page of a list by the parameters `n` and `last` (distribution-spec, "Listing Tags").
 * @param list is asked for one entry more than fits, which tells whether there is a next page.
 * @throws DistributionError `PAGINATION_NUMBER_INVALID`, `NAME_INVALID`
 */
export async function listPage(
  query: URLSearchParams,
  path: string,
  list: (page: Page) => Promise<readonly string[]>,
): Promise<ListedPage> {
  const size = pageSize(query.get('n'));
  const after = query.get('last') ?? undefined;
  if (after !== undefined && after.length > MAX_LAST_LENGTH) {
    throw new DistributionError('NAME_INVALID', `last has more than ${MAX_LAST_LENGTH} characters.`);
  }
  const found = await list({ after, limit: size + 1 });
  const items = found.slice(0, size);
  const last = items.at(-1);
  if (last === undefined || found.length <= size) return { items, headers: {} };
  return { items, headers: nextPage(path, { n: String(size), last }) };
}

/** `Link` to the page with these parameters; they are encoded. */
export function nextPage(
  path: string,
  parameters: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return { Link: `<${path}?${new URLSearchParams(parameters)}>; rel="next"` };
}

function pageSize(n: string | null): number {
  if (n === null) return MAX_PAGE_ENTRIES;
  if (/^\d{1,9}$/.test(n)) return Math.min(Number(n), MAX_PAGE_ENTRIES);
  throw new DistributionError(
    'PAGINATION_NUMBER_INVALID',
    `n must be a number of entries, not "${n.slice(0, 40)}".`,
  );
}
