import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ListedPage,
  listPage,
  MAX_PAGE_ENTRIES,
  pageOf,
} from '../../../shared/distribution-server/pagination.ts';

function page(sorted: readonly string[], query = ''): Promise<ListedPage> {
  return listPage(new URLSearchParams(query), '/list', async (asked) => pageOf(sorted, asked));
}

function nextQuery({ headers }: ListedPage): string | undefined {
  return /^<\/list\?(.*)>; rel="next"$/.exec(headers.Link ?? '')?.[1];
}

async function pagesOf(sorted: readonly string[], query: string): Promise<(readonly string[])[]> {
  const listed = await page(sorted, query);
  const next = nextQuery(listed);
  return next === undefined ? [listed.items] : [listed.items, ...(await pagesOf(sorted, next))];
}

describe('a paginated list', () => {
  it('comes whole and without Link when no number is asked for', async () => {
    expect(await page(['a', 'b'])).toEqual({ items: ['a', 'b'], headers: {} });
  });

  it('has no Link after the last entry, nor when none is asked for', async () => {
    expect((await page(['a', 'b'], 'n=2')).headers).toEqual({});
    expect(await page(['a', 'b'], 'n=0')).toEqual({ items: [], headers: {} });
  });

  it('goes on after an entry that is no longer there', async () => {
    expect((await page(['a', 'c'], 'last=b')).items).toEqual(['c']);
  });

  it.each(['x', '-1', '1.5', '', '1e3', '9'.repeat(400)])('refuses "%s" as a number', async (n) => {
    await expect(page([], `n=${n}`)).rejects.toMatchObject({
      code: 'PAGINATION_NUMBER_INVALID',
      status: 400,
    });
  });

  it('refuses to go on after what is too long to be a name', async () => {
    await expect(page([], `last=${'a'.repeat(256)}`)).rejects.toMatchObject({ code: 'NAME_INVALID' });
  });

  it.each(['', 'n=999999999'])(
    'comes in pages also when it is very long, asked for by "%s"',
    async (query) => {
      const many = Array.from({ length: MAX_PAGE_ENTRIES + 1 }, (_, at) => `t${String(at).padStart(6, '0')}`);
      const pages = await pagesOf(many, query);
      expect(pages.map((items) => items.length)).toEqual([MAX_PAGE_ENTRIES, 1]);
      expect(pages.flat()).toEqual(many);
    },
  );

  it('lets no entry end the Link early', async () => {
    const hostile = '>; rel="next", <https://elsewhere.example/';
    const listed = await page([hostile, 'z'], 'n=1');
    expect(listed.headers.Link?.match(/[<>"]/g)?.join('')).toBe('<>""');
    expect(new URLSearchParams(nextQuery(listed)).get('last')).toBe(hostile);
  });

  it('gives every entry once, in order, to who follows the links', async () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 })).map((list) => list.sort());
    await fc.assert(
      fc.asyncProperty(names, fc.integer({ min: 1, max: 5 }), async (sorted, n) => {
        const pages = await pagesOf(sorted, `n=${n}`);
        expect(pages.flat()).toEqual(sorted);
        expect(pages.every((items) => items.length <= n)).toBe(true);
      }),
    );
  });
});
