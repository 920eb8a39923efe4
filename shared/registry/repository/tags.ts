import * as z from 'zod';
import { isTag } from '../../content/index.ts';
import type { Operation } from '../endpoint/registry-endpoint.ts';
import { display, pathOf, type RepositoryContext, scopeFor } from '../endpoint/repository-context.ts';
import { retryUntilIntact } from '../endpoint/retry-until-intact.ts';
import { parseJson } from '../protocol/json.ts';
import { listOf } from '../protocol/list-of.ts';
import { nextPage } from '../protocol/location.ts';
import type { PageOptions } from '../types.ts';

const PAGE_SIZE = 1000;
/** Registries that know no paging send everything in one answer. */
const MAX_PAGE_BYTES = 32 * 1024 * 1024;
const MAX_PAGES = 2_000;
const MAX_TAGS = 1_000_000;

/** Distribution-spec, "Listing Tags"; some registries write `null` for an empty list. */
const pageSchema = z.object({
  tags: listOf(z.string())
    .nullable()
    .transform((tags) => tags ?? []),
});

/** See `Repository.tags`. */
export async function* listTags(
  context: RepositoryContext,
  { signal, onPage }: PageOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { endpoint } = context;
  const what = `list the tags of ${display(context)}`;
  const seen = new Set<string>();
  let count = 0;
  let url: URL | undefined = new URL(pathOf(context, `tags/list?n=${PAGE_SIZE}`), endpoint.origin);
  while (url) {
    const here = url;
    if (seen.has(url.href)) throw endpoint.malformed(what, 'sends the same page over and over');
    if (seen.size >= MAX_PAGES) throw endpoint.malformed(what, `has more than ${MAX_PAGES} pages of them`);
    seen.add(url.href);
    await onPage?.();
    const { bytes, links } = await retryUntilIntact(context, signal, (retries) =>
      fetchPage(context, here, { what, signal, retries }),
    );
    const page = pageSchema.safeParse(parseJson(bytes));
    if (!page.success) throw endpoint.malformed(what, 'sent something that is not a list of tags');
    for (const tag of page.data.tags) {
      if (!isTag(tag))
        throw endpoint.malformed(what, `listed ${JSON.stringify(tag.slice(0, 40))}, which is no tag`);
      count += 1;
      if (count > MAX_TAGS) throw endpoint.malformed(what, `has more than ${MAX_TAGS} of them`);
      yield tag;
    }
    url = nextPage(links, here, endpoint.origin);
  }
}

interface RawPage {
  readonly bytes: Uint8Array;
  /** The lines of `Link`. */
  readonly links: readonly string[];
}

async function fetchPage(
  context: RepositoryContext,
  url: URL,
  { what, signal, retries }: Pick<Operation, 'what' | 'signal' | 'retries'>,
): Promise<RawPage> {
  const response = await context.endpoint.request({
    what,
    method: 'GET',
    url,
    scopes: [scopeFor(context, 'list')],
    headers: { accept: 'application/json' },
    expect: [200],
    retries,
    signal,
  });
  const bytes = await context.endpoint.readAll(response, MAX_PAGE_BYTES, { what, signal });
  return { bytes, links: response.headerLines('link') };
}
