import { Refusal } from './errors.ts';

export interface Page {
  readonly items: readonly string[];
  /** `Link` to the next page, when there is one. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Cuts a sorted list by `n` and `last` (distribution-spec, "Listing Tags"); without `n` everything is one page.
 * @throws Refusal `PAGINATION_NUMBER_INVALID`
 */
export function paginate(sorted: readonly string[], query: URLSearchParams, path: string): Page {
  const last = query.get('last');
  const rest = last === null ? sorted : sorted.filter((item) => item > last);
  const n = query.get('n');
  if (n === null) return { items: rest, headers: {} };
  if (!/^\d{1,9}$/.test(n)) {
    throw new Refusal('PAGINATION_NUMBER_INVALID', `n must be a number of entries, not "${n.slice(0, 40)}".`);
  }
  const items = rest.slice(0, Number(n));
  const final = items.at(-1);
  if (final === undefined || items.length === rest.length) return { items, headers: {} };
  const next = new URLSearchParams({ n, last: final });
  return { items, headers: { Link: `<${path}?${next}>; rel="next"` } };
}
