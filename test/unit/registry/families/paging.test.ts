import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import { collect } from '../../../helpers/collect.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
import { listed, listedPages } from './listing-under-test.ts';
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

  it('asks again for a page that breaks off, which counts as one', async () => {
    const answer = pagesOf(family, () => numberedPages(150, 100));
    let isBroken = false;
    const server = await scriptedServer((request, index) => {
      if (isBroken || index === 0) return answer(request);
      isBroken = true;
      return (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
        response.write('[{"', () => setImmediate(() => response.socket?.destroySoon()));
      };
    });
    let pages = 0;
    const onPage = () => {
      pages += 1;
    };
    const tags = await collect(listed(server, family, { onPage, limits: { attempts: 2 } }));
    expect(tags).toHaveLength(150);
    expect([pages, server.requests.length]).toEqual([2, 3]);
  });

  it('asks for no further page once the iteration is left', async () => {
    const server = await serve(numberedPages(250, 100));
    for await (const { tag } of listed(server, family)) if (tag === 't100') break;
    expect(server.requests).toHaveLength(1);
  });

  it('tells of each page before asking for it, and asks for none that was refused', async () => {
    const server = await serve(numberedPages(250, 100));
    let pages = 0;
    const onPage = () => {
      if (pages === 2) throw new Error('enough was spent');
      pages += 1;
    };
    await expect(collect(listed(server, family, { onPage }))).rejects.toThrow('enough was spent');
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

describe('the order of the pages', () => {
  /** Rows of Docker Hub's API, by how many hours after midnight each was moved. */
  const serveHours = (pages: readonly (readonly (number | undefined)[])[]) =>
    scriptedServer(({ query }) => {
      const page = Number(query.get('page'));
      const results = (pages[page - 1] ?? []).map((hour, row) => ({
        name: `p${page}-${row}`,
        digest: digestOf(`${hour}`),
        ...(hour !== undefined && { last_updated: new Date(Date.UTC(2026, 0, 1, hour)).toISOString() }),
      }));
      const next = `/v2/namespaces/acme/repositories/app/tags?page=${page + 1}`;
      return { body: { results, next: page < pages.length ? next : null } };
    });
  const hours = async (server: { readonly host: string }, family: 'docker-hub' | 'quay' = 'docker-hub') =>
    (await collect(listedPages(server, family))).map(({ restMovedUntil }) => restMovedUntil?.getUTCHours());

  it('says until when the rest was moved, where the API lists by that', async () => {
    const server = await serveHours([
      [9, 8],
      [8, 3],
    ]);
    expect(await hours(server)).toEqual([8, 3]);
  });

  it.each([
    ['out of order', [[9, 8], [10, 3], [2]]],
    ['without times', [[9, 8], [undefined, 3], [2]]],
  ])('promises nothing any more once rows come %s', async (_, pages) => {
    expect(await hours(await serveHours(pages))).toEqual([8, undefined, undefined]);
  });

  it('promises nothing where the API does not', async () => {
    const server = await scriptedServer(() => ({
      body: { tags: [{ name: 'a', start_ts: 1_700_000_000 }], has_additional: false },
    }));
    expect(await hours(server, 'quay')).toEqual([undefined]);
  });
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
