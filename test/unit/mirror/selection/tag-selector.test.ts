import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createTagSelector,
  needsListing,
  needsTimes,
  type TagRuleSet,
  type TagRules,
} from '../../../../shared/mirror/selection/index.ts';

const TAGS = ['20', '22', '22-alpine', '22.1-alpine', '22.1-rc1', '24-slim', 'latest', 'v1.0', '3.9', '3.10'];

const listing = (tags: readonly string[]) => tags.map((tag) => ({ tag }));

function select(include: TagRules['include'], exclude: string[] = [], tags: readonly string[] = TAGS) {
  return createTagSelector({ include, exclude }).select(listing(tags)).selected;
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
    expect(selector.explain('22.1-rc1')).toEqual({ selected: false, rule: 'excluded by *-rc*' });
    expect(selector.explain('latest')).toEqual({ selected: false, rule: 'matches none of 22, 22*' });
  });

  it('names the include rules that match nothing', () => {
    const { unmatched } = createTagSelector({ include: ['22*', '*-alpne'], exclude: [] }).select(
      listing(TAGS),
    );
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
        expect(selector.select(listing(tags)).selected).toEqual(
          distinct.filter((t) => selector.explain(t).selected),
        );
      }),
    );
  });

  it('answers where an engine that backtracks would be busy for ever', () => {
    const tags = listing(['a'.repeat(127), `${'a'.repeat(120)}!`]);
    const selector = createTagSelector({
      include: [
        { regex: ['(a+)+b', '(a|aa)*c', '(.*.*.*.*.*)*d'] },
        '*a*a*a*a*a*a*a*a*b',
        '{*a,*,a*}*{*a,*}*c',
      ],
      exclude: ['/(a*)*e/'],
    });
    expect(selector.select(tags).selected).toEqual([]);
  });
});

describe('rule sets', () => {
  const NODE = [
    '22',
    '22.1',
    '22.1.0',
    '22.1.0-alpine',
    '22-alpine',
    '20.9.0-alpine',
    '22.2.0-rc.1-alpine',
    'latest',
  ];

  it('take what meets all of their conditions', () => {
    const set: TagRuleSet = { semver: '>=22', match: ['*-alpine'], exclude: ['*-rc*'] };
    expect(select([set], [], NODE)).toEqual(['22.1.0-alpine', '22-alpine']);
  });

  it('take together what one of them takes, less what is excluded for all', () => {
    const sets = ['latest', { semver: '22.1.x' }, { match: ['*-alpine'] }];
    expect(select(sets, ['*-rc*', '/\\d+\\.9\\..*/'], NODE)).toEqual([
      '22.1',
      '22.1.0',
      '22.1.0-alpine',
      '22-alpine',
      'latest',
    ]);
  });

  it('leave what one excludes to the others', () => {
    const sets = [{ match: ['22*'], exclude: ['*-alpine'] }, '22-alpine'];
    expect(select(sets, [], NODE)).toEqual(['22', '22.1', '22.1.0', '22-alpine']);
  });

  it('match a regular expression against the whole tag, anchored or not', () => {
    expect(select([{ regex: ['22'] }], [], NODE)).toEqual(['22']);
    expect(select([{ regex: ['^22\\.\\d+$', 'la.*'] }], [], NODE)).toEqual(['22.1', 'latest']);
  });

  it.each<[TagRuleSet, string, string]>([
    [{ semver: '>=22' }, '20', 'is outside the range (semver >=22)'],
    [{ semver: '>=22' }, 'latest', 'is no version'],
    [{ semver: '>=22' }, '22.1.0-slim', 'has the suffix -slim; expected none'],
    [{ semver: '>=22' }, '22.1.0-rc.1', 'is a prerelease, and the range names none (semver >=22)'],
    [{ semver: '>=3' }, '20240115', 'is a date, and the range names none (semver >=3)'],
    [{ semver: '>=20240101' }, '3.1', 'is no date, and the range names one (semver >=20240101)'],
    [{ prefix: 'noble-' }, 'jammy-20240101', 'is no version after "noble-"'],
    [{ suffix: ['-a', ''] }, '1.2-b', 'has the suffix -b; expected -a or none'],
    [{ suffix: ['-a'] }, '1.2', 'has no suffix; expected -a'],
    [{ suffix: [''] }, '1.2-rc1', 'is a prerelease, and no semver range names one'],
    [{ regex: ['v.*'] }, '1.2', 'does not match regex v.*'],
    [{ match: ['a', 'b', 'c', 'd'] }, 'e', 'matches none of 4 rules'],
  ])('%j refuses %s, which %s', (set, tag, rule) => {
    expect(createTagSelector({ include: [set], exclude: [] }).explain(tag)).toEqual({
      selected: false,
      rule,
    });
  });

  it('explain every tag of a listing, also those that are too old', () => {
    const set: TagRuleSet = {
      semver: '>=22',
      match: ['*-alpine'],
      exclude: ['*-rc*'],
      newest: { count: 1, by: 'version' },
    };
    const selector = createTagSelector({ include: [set], exclude: ['24*'] });
    const tags = listing([
      '24.0.0-alpine',
      '22.1.0-alpine',
      '22.0.0-alpine',
      '22.1.0',
      '22.2.0-rc1-alpine',
      '22-alpine',
    ]);
    expect(selector.explainAll([...tags, ...tags])).toEqual([
      { tag: '24.0.0-alpine', selected: false, rule: 'excluded by 24*' },
      { tag: '22.1.0-alpine', selected: true, rule: '*-alpine and semver >=22, newest version' },
      { tag: '22.0.0-alpine', selected: false, rule: 'not the newest version' },
      { tag: '22.1.0', selected: false, rule: 'does not match *-alpine' },
      { tag: '22.2.0-rc1-alpine', selected: false, rule: 'excluded by *-rc*' },
      { tag: '22-alpine', selected: true, rule: '*-alpine and semver >=22, newest version' },
    ]);
    expect(selector.explain('22.0.0-alpine').selected).toBe(true);
  });

  it('say what each of them has against a tag', () => {
    const selector = createTagSelector({ include: ['a', { semver: '>=2' }], exclude: [] });
    expect(selector.explain('1.0').rule).toBe('does not match a; is outside the range (semver >=2)');
  });

  it('name the conditions that hold for nothing, or only apart from each other', () => {
    const unmatched = (set: TagRuleSet) =>
      createTagSelector({ include: [set], exclude: [] }).select(listing(NODE)).unmatched;
    expect(unmatched({ semver: '>=99', match: ['*-alpine'], suffix: ['-alpne'] })).toEqual([
      'semver >=99',
      'suffix -alpne',
    ]);
    expect(unmatched({ semver: '<22', regex: ['22.*'] })).toEqual(['regex 22.* and semver <22']);
    expect(unmatched({ semver: '>=22' })).toEqual([]);
  });

  it('need a listing unless they name tags exactly and want them all', () => {
    const rules = (set: TagRuleSet): TagRules => ({ include: ['a', set], exclude: [] });
    expect(needsListing(rules({ match: ['22'], semver: '>=22' }))).toBe(false);
    for (const set of [
      { semver: '22' },
      { match: ['22*'] },
      { match: ['22'], newest: { count: 1, by: 'version' } },
    ] as const)
      expect(needsListing(rules(set))).toBe(true);
    expect(createTagSelector(rules({ match: ['20', '22'], semver: '>=22' })).exactTags).toEqual(['a', '22']);
    expect(createTagSelector(rules({ match: ['22'], newest: { count: 1, by: 'time' } })).exactTags).toEqual([
      'a',
    ]);
  });

  it('want to know times only for the newest by time', () => {
    const newest = (by: 'time' | 'version'): TagRules => ({
      include: [{ newest: { count: 1, by } }],
      exclude: [],
    });
    expect([needsTimes(newest('time')), needsTimes(newest('version'))]).toEqual([true, false]);
  });
});
