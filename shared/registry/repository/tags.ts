import * as z from 'zod';
import { isTag } from '../../content/index.ts';
import {
  followPages,
  type LinkedPage,
  operationOf,
  type PageOptions,
  pathOf,
  type RepositoryContext,
  retryUntilIntact,
  scopeFor,
} from '../endpoint/index.ts';
import { listOf, nextPage, type Operation, parseJson } from '../protocol/index.ts';

const PAGE_SIZE = 1000;
/** Registries without paging send everything in one response. */
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
  options: PageOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { endpoint } = context;
  const operation = operationOf(context, 'list tags');
  const url = new URL(pathOf(context, `tags/list?n=${PAGE_SIZE}`), endpoint.origin);
  const read = (page: URL) => readPage(context, page, operation, options);
  const pages = followPages(await read(url), {
    read,
    positionOf: ({ next }) => next?.href ?? '',
    passed: [url.href],
    maxPages: MAX_PAGES,
    stuck: () => endpoint.malformed(operation, 'keeps sending the same page'),
    tooMany: () => endpoint.malformed(operation, `has more than ${MAX_PAGES} pages of them`),
  });
  let count = 0;
  for await (const { tags } of pages) {
    for (const tag of tags) {
      if (!isTag(tag)) {
        throw endpoint.malformed(operation, `listed ${JSON.stringify(tag.slice(0, 40))}, which is not a tag`);
      }
      count += 1;
      if (count > MAX_TAGS) throw endpoint.malformed(operation, `has more than ${MAX_TAGS} of them`);
      yield tag;
    }
  }
}

interface TagPage extends LinkedPage {
  /** Not yet checked. */
  readonly tags: readonly string[];
}

async function readPage(
  context: RepositoryContext,
  url: URL,
  operation: Operation,
  { signal, onPage }: PageOptions,
): Promise<TagPage> {
  const { endpoint } = context;
  await onPage?.();
  const { bytes, links } = await retryUntilIntact(context, signal, async (retries) => {
    const response = await endpoint.request({
      operation,
      method: 'GET',
      url,
      scopes: [scopeFor(context, 'list')],
      headers: { accept: 'application/json' },
      expect: [200],
      retries,
      signal,
    });
    const bytes = await endpoint.readAll(response, MAX_PAGE_BYTES, { operation, signal });
    return { bytes, links: response.headerLines('link') };
  });
  const page = pageSchema.safeParse(parseJson(bytes)).data;
  if (!page) throw endpoint.malformed(operation, 'sent something that is not a list of tags');
  return { tags: page.tags, next: nextPage(links, url, endpoint.origin) };
}
