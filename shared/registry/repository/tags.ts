import * as z from 'zod';
import { isTag } from '../../content/index.ts';
import type { Operation } from '../endpoint/registry-endpoint.ts';
import { display, need, type Place, pathOf } from '../endpoint/repository-context.ts';
import { repeating } from '../endpoint/retry-until-intact.ts';
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
  place: Place,
  { signal, onPage }: PageOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { channel } = place;
  const what = `list the tags of ${display(place)}`;
  const seen = new Set<string>();
  let count = 0;
  let url: URL | undefined = new URL(pathOf(place, `tags/list?n=${PAGE_SIZE}`), channel.origin);
  while (url) {
    const here = url;
    if (seen.has(url.href)) throw channel.malformed(what, 'sends the same page over and over');
    if (seen.size >= MAX_PAGES) throw channel.malformed(what, `has more than ${MAX_PAGES} pages of them`);
    seen.add(url.href);
    await onPage?.();
    const { bytes, links } = await repeating(place, signal, (retries) =>
      fetchPage(place, here, { what, signal, retries }),
    );
    const page = pageSchema.safeParse(parseJson(bytes));
    if (!page.success) throw channel.malformed(what, 'sent something that is not a list of tags');
    for (const tag of page.data.tags) {
      if (!isTag(tag))
        throw channel.malformed(what, `listed ${JSON.stringify(tag.slice(0, 40))}, which is no tag`);
      count += 1;
      if (count > MAX_TAGS) throw channel.malformed(what, `has more than ${MAX_TAGS} of them`);
      yield tag;
    }
    url = nextPage(links, here, channel.origin);
  }
}

interface RawPage {
  readonly bytes: Uint8Array;
  /** The lines of `Link`. */
  readonly links: readonly string[];
}

async function fetchPage(
  place: Place,
  url: URL,
  { what, signal, retries }: Pick<Operation, 'what' | 'signal' | 'retries'>,
): Promise<RawPage> {
  const response = await place.channel.request({
    what,
    method: 'GET',
    url,
    needs: [need(place, 'list')],
    headers: { accept: 'application/json' },
    expect: [200],
    retries,
    signal,
  });
  const bytes = await place.channel.readAll(response, MAX_PAGE_BYTES, { what, signal });
  return { bytes, links: response.headerLines('link') };
}
