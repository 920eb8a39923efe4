import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTagSelector, needsListing } from '../../../shared/mirror/index.ts';

const TAGS = ['20', '22', '22-alpine', '22.1-alpine', '22.1-rc1', '24-slim', 'latest', 'v1.0', '3.9', '3.10'];

function select(include: string[], exclude: string[] = []) {
  return createTagSelector({ include, exclude }).select(TAGS).selected;
}

describe('selecting tags', () => {
  it.each([
    { include: ['22'], takes: ['22'] },
    { include: ['22*'], takes: ['22', '22-alpine', '22.1-alpine', '22.1-rc1'] },
    { include: ['2?'], takes: ['20', '22'] },
    { include: ['{20,22}'], takes: ['20', '22'] },
    { include: ['22{,-alpine}'], takes: ['22', '22-alpine'] },
    { include: ['3.[0-9]'], takes: ['3.9'] },
    { include: ['3.9', '3.1?'], takes: ['3.9', '3.10'] },
    { include: ['*.*-{alpine,rc[0-9]}'], takes: ['22.1-alpine', '22.1-rc1'] },
    { include: ['**'], takes: TAGS },
    { include: ['V1.0'], takes: [] },
  ])('$include takes $takes', ({ include, takes }) => {
    expect(select(include)).toEqual(takes);
  });

  it('lets an exclude win over every include, also an exact one', () => {
    expect(select(['22*', '22.1-rc1'], ['*-rc*'])).toEqual(['22', '22-alpine', '22.1-alpine']);
  });

  it('says which rule took or refused a tag', () => {
    const selector = createTagSelector({ include: ['22', '22*'], exclude: ['*-rc*'] });
    expect(selector.explain('22')).toEqual({ selected: true, rule: '22' });
    expect(selector.explain('22.1-rc1')).toEqual({ selected: false, rule: '*-rc*' });
    expect(selector.explain('latest')).toEqual({ selected: false });
  });

  it('names the include rules that match nothing', () => {
    const { unmatched } = createTagSelector({ include: ['22*', '*-alpne'], exclude: [] }).select(TAGS);
    expect(unmatched).toEqual(['*-alpne']);
  });

  it('needs a listing only for globs', () => {
    expect(needsListing({ include: ['22', 'v1.0-a_b'], exclude: ['*'] })).toBe(false);
    expect(needsListing({ include: ['22', '22-*'], exclude: [] })).toBe(true);
  });

  it('knows the exact tags without a listing, except those excluded', () => {
    const rules = { include: ['22', '22-*', 'latest', '22'], exclude: ['l*'] };
    expect(createTagSelector(rules).exactTags).toEqual(['22']);
  });

  const tag = fc.stringMatching(/^[a-c0-2_][a-c0-2_.-]{0,7}$/);
  const piece = fc.oneof(
    fc.constantFrom('*', '?', '[0-1]', '{a,b1}'),
    fc.stringMatching(/^[a-c0-2_.-]{1,2}$/),
  );

  it('agrees with the plain meaning of the glob, whatever the rule and the tag', () => {
    const meaning = new Map([
      ['*', '.*'],
      ['?', '.'],
      ['[0-1]', '[01]'],
      ['{a,b1}', '(?:a|b1)'],
    ]);
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), tag, (pieces, text) => {
        const pattern = pieces.map((part) => meaning.get(part) ?? part.replaceAll('.', '\\.')).join('');
        const verdict = createTagSelector({ include: [pieces.join('')], exclude: [] }).explain(text);
        expect(verdict.selected).toBe(new RegExp(`^${pattern}$`).test(text));
      }),
    );
  });

  it('selects exactly what it explains as selected, in order and once', () => {
    const rules = fc.array(fc.oneof(tag, piece), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(rules, rules, fc.array(tag), (include, exclude, tags) => {
        const selector = createTagSelector({ include, exclude });
        const distinct = [...new Set(tags)];
        expect(selector.select(tags).selected).toEqual(distinct.filter((t) => selector.explain(t).selected));
      }),
    );
  });
});
