import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/index.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { createTagSelector } from '../../../shared/mirror/index.ts';

/** The rules of a watch with these tags, as JSON, which is YAML. */
function read(tags: unknown) {
  const file = { watches: [{ source: 'node', target: 'acme.azurecr.io/node', tags }] };
  return parseConfig(JSON.stringify(file), 'f', {}).watches[0]?.tags;
}

function problemsOf(tags: unknown): readonly string[] {
  try {
    read(tags);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message }) => message);
    throw error;
  }
}

describe('the rules for tags', () => {
  it.each([
    ['22', { include: ['22'], exclude: [] }],
    [['22', '24-*'], { include: ['22', '24-*'], exclude: [] }],
    [
      { include: '22*', exclude: '*-rc*' },
      { include: ['22*'], exclude: ['*-rc*'] },
    ],
    [{ match: ['22*'] }, { include: ['22*'], exclude: [] }],
    [
      { semver: '>=22', match: ['*-alpine'], exclude: ['*-rc*'], newest: 5 },
      {
        include: [
          { semver: '>=22', match: ['*-alpine'], exclude: ['*-rc*'], newest: { count: 5, by: 'version' } },
        ],
        exclude: [],
      },
    ],
    [{ newest: { count: 2 } }, { include: [{ newest: { count: 2, by: 'version' } }], exclude: [] }],
    [
      { regex: 'v\\d+', suffix: '-a', prefix: 'x-', newest: { count: 2, by: 'time' } },
      {
        include: [{ regex: ['v\\d+'], suffix: ['-a'], prefix: 'x-', newest: { count: 2, by: 'time' } }],
        exclude: [],
      },
    ],
    [
      ['latest', { semver: '22', suffix: ['', '-slim'] }, { exclude: ['*-rc*', '/.*beta\\d/'] }],
      { include: ['latest', { semver: '22', suffix: ['', '-slim'] }], exclude: ['*-rc*', '/.*beta\\d/'] },
    ],
    [
      [{ match: '22*', exclude: '22.1' }, '20'],
      { include: [{ match: ['22*'], exclude: ['22.1'] }, '20'], exclude: [] },
    ],
  ])('%j', (tags, rules) => {
    expect(read(tags)).toEqual(rules);
  });

  it.each<[unknown, string]>([
    [{ semver: '>=3 <2' }, 'no version can be in ">=3 <2"'],
    [{ semver: 22 }, 'expected text, found a number; put it in quotes'],
    [{ regex: 'v(?=1)' }, 'look-around does not exist there'],
    [{ regex: '(a' }, 'not a regular expression in RE2 syntax: missing closing )'],
    [{ regex: '(a)\\1' }, 'back-references do not exist there'],
    [{ regex: '' }, 'is empty'],
    [{ regex: 'a'.repeat(257) }, 'at most 256 characters'],
    [{ regex: '(.{1,30}){1,30}' }, 'too large; use * or +'],
    [{ regex: Array.from({ length: 21 }, () => 'a') }, 'expected at most 20 entries'],
    [{ match: '/v.*/' }, 'a regular expression goes to the key regex'],
    [{ match: '*', exclude: '/(/' }, 'not a regular expression'],
    [{ suffix: 'alpine' }, 'expected the separator as well, as in "-alpine"'],
    [{ suffix: '-alpine*' }, 'globs belong under match'],
    [{ suffix: '-rc1' }, 'is read as a part of the version'],
    [{ suffix: '-1-slim' }, 'is read as a part of the version'],
    [{ prefix: '-' }, 'expected the text before the version'],
    [{ newest: 0 }, 'expected at least 1'],
    [{ newest: { count: 5, by: 'age' } }, 'expected one of version, time'],
    [{ match: 'a', include: 'b' }, 'expected either match or include'],
    [{ exclude: '*-rc*' }, 'expected at least one of match, regex, semver, suffix, prefix, newest'],
    [[{ exclude: '*-rc*' }], 'expected at least one entry that includes tags'],
    [{ match: 'a', newset: 5 }, 'did you mean "newest"?'],
  ])('%.60j', (tags, problem) => {
    const problems = problemsOf(tags);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('let through only what a selector can be made of, which then answers', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab19.-_*?[]{},!^/()|+@\\$<>= '), maxLength: 14 });
    const set = fc.record(
      {
        match: text,
        regex: text,
        semver: text,
        suffix: text,
        prefix: text,
        exclude: text,
        newest: fc.constant(1),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(set, (tags) => {
        if (problemsOf(tags).length > 0) return;
        const rules = read(tags);
        if (!rules) throw new Error('no watch');
        expect(() => createTagSelector(rules).select([{ tag: 'a1' }, { tag: '1.0-b' }])).not.toThrow();
      }),
    );
  });
});
