import type { CallOptions } from '../http/index.ts';

export interface PageOptions extends CallOptions {
  /** Called before each page is requested; what it throws ends the iteration. Tokens and retries are not pages. */
  readonly onPage?: (() => void | Promise<void>) | undefined;
}

/** One page of a listing, and where the next one is; `undefined` on the last. */
export interface LinkedPage {
  readonly next: URL | undefined;
}

export interface PageRules<P extends LinkedPage> {
  /** Reads the page at a URL that an earlier page named. */
  readonly read: (url: URL) => Promise<P>;
  /** Equal for two pages when the listing does not advance: the link to the next page, or what the page holds. */
  readonly positionOf: (page: P) => string;
  /** Positions passed before `first`, such as its own URL. */
  readonly passed?: readonly string[];
  readonly maxPages: number;
  /** The error for a listing that does not advance. */
  readonly stuck: () => Error;
  /** The error for a listing of more than `maxPages` pages. */
  readonly tooMany: () => Error;
}

/**
 * The pages of a listing from `first` on. The next page is requested when the caller wants it.
 * @throws what `read`, `stuck` and `tooMany` give
 */
export async function* followPages<P extends LinkedPage>(
  first: P,
  { read, positionOf, passed = [], maxPages, stuck, tooMany }: PageRules<P>,
): AsyncGenerator<P, void, undefined> {
  const positions = new Set<string>(passed);
  let page = first;
  for (let count = 1; ; count += 1) {
    yield page;
    if (!page.next) return;
    const position = positionOf(page);
    if (positions.has(position)) throw stuck();
    positions.add(position);
    if (count >= maxPages) throw tooMany();
    page = await read(page.next);
  }
}
