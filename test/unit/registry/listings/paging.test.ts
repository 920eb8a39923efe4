import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import { collect } from '../../../helpers/collect.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
import { listed } from './listing-under-test.ts';
import { FAMILIES, numberedPages, pagesOf } from './web-apis.ts';

const PAGED = FAMILIES.filter((family) => family !== 'google');

describe.each(PAGED)('%s', (family) => {
  const serve = (pages: readonly (readonly string[])[]) => scriptedServer(pagesOf(family, () => pages));

  it('lists 250 tags in three requests', async () => {
    const pages = numberedPages(250, 100);
    const server = await serve(pages);
    const tags = await collect(listed(server, family));
    expect(tags).toEqual(pages.flat().map((tag) => ({ tag, digest: digestOf(tag) })));
    expect(server.requests).toHaveLength(3);
  });

  it('asks for no further page once the iteration is left', async () => {
    const server = await serve(numberedPages(250, 100));
    for await (const { tag } of listed(server, family)) if (tag === 't100') break;
    expect(server.requests).toHaveLength(1);
  });

  it('ends by itself once every wanted tag was seen', async () => {
    const server = await serve(numberedPages(250, 100));
    const tags = await collect(listed(server, family, { wanted: ['t101', 't002', 't101'] }));
    expect(tags.at(-1)?.tag).toBe('t101');
    expect(server.requests).toHaveLength(2);
  });

  it('lists every tag exactly once however the tags are cut into pages', async () => {
    let pages: readonly (readonly string[])[] = [];
    const server = await scriptedServer(pagesOf(family, () => pages));
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, async (generated) => {
        pages = generated.map((size, page) => Array.from({ length: size }, (_, row) => `p${page}-${row}`));
        const before = server.requests.length;
        const tags = await collect(listed(server, family));
        expect(tags.map(({ tag }) => tag)).toEqual(pages.flat());
        expect(server.requests.length - before).toBe(Math.max(1, pages.length));
      }),
      { numRuns: 15 },
    );
  });
});

it('lists 250 tags of a Google registry in one request', async () => {
  const server = await scriptedServer(pagesOf('google', () => numberedPages(250, 10_000)));
  expect(await collect(listed(server, 'google'))).toHaveLength(250);
  expect(server.requests).toHaveLength(1);
});

it('follows the pages of a Google registry that sends fewer than it was asked for', async () => {
  const server = await scriptedServer(pagesOf('google', () => numberedPages(30, 10)));
  expect(await collect(listed(server, 'google'))).toHaveLength(30);
  expect(server.requests).toHaveLength(3);
});

it('asks nothing when nothing is wanted', async () => {
  const server = await scriptedServer(() => ({ body: [] }));
  expect(await collect(listed(server, 'harbor', { wanted: [] }))).toEqual([]);
  expect(server.requests).toEqual([]);
});

it('gives a tag once, as it was seen first, when pushes move the pages on', async () => {
  const pages = [
    ['a', 'b'],
    ['b', 'c'],
  ];
  const server = await scriptedServer(pagesOf('quay', () => pages));
  const tags = await collect(listed(server, 'quay'));
  expect(tags.map(({ tag }) => tag)).toEqual(['a', 'b', 'c']);
});

it('stops when aborted', async () => {
  const server = await scriptedServer(pagesOf('quay', () => numberedPages(250, 100)));
  const controller = new AbortController();
  const seen = async () => {
    for await (const { tag } of listed(server, 'quay', { signal: controller.signal })) {
      if (tag === 't100') controller.abort(new Error('enough'));
    }
  };
  await expect(seen()).rejects.toThrow('enough');
  expect(server.requests).toHaveLength(1);
});
