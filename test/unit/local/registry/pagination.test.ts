import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../../local/registry/errors.ts';
import { paginate } from '../../../../local/registry/pagination.ts';

function pagesOf(sorted: readonly string[], n: number): string[][] {
  const pages: string[][] = [];
  let query: string | undefined = `n=${n}`;
  while (query !== undefined) {
    const { items, headers } = paginate(sorted, new URLSearchParams(query), '/list');
    pages.push([...items]);
    query = /^<\/list\?(.*)>; rel="next"$/.exec(headers.Link ?? '')?.[1];
  }
  return pages;
}

describe('a paginated list', () => {
  it('comes whole and without Link when no number is asked for', () => {
    expect(paginate(['a', 'b'], new URLSearchParams(), '/list')).toEqual({ items: ['a', 'b'], headers: {} });
  });

  it('has no Link after the last entry, nor when none is asked for', () => {
    expect(paginate(['a', 'b'], new URLSearchParams('n=2'), '/list').headers).toEqual({});
    expect(paginate(['a', 'b'], new URLSearchParams('n=0'), '/list')).toEqual({ items: [], headers: {} });
  });

  it('goes on after an entry that is no longer there', () => {
    expect(paginate(['a', 'c'], new URLSearchParams('last=b'), '/list').items).toEqual(['c']);
  });

  it.each(['x', '-1', '1.5', ''])('refuses "%s" as a number', (n) => {
    expect(() => paginate([], new URLSearchParams({ n }), '/list')).toThrow(Refusal);
  });

  it('gives every entry once, in order, to who follows the links', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 })).map((list) => list.sort());
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 5 }), (sorted, n) => {
        const pages = pagesOf(sorted, n);
        expect(pages.flat()).toEqual(sorted);
        expect(pages.every((page) => page.length <= n)).toBe(true);
      }),
    );
  });
});
