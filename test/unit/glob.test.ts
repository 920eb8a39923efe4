import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob } from '../../shared/glob.ts';

const TAGS = ['1.0', '1.1', '1.10', '2.0-rc1', 'v1', 'v2', 'latest', '1.1-alpine', '_x'];

describe('a glob over tags', () => {
  it.each<[string, readonly string[]]>([
    ['*', TAGS],
    ['**', TAGS],
    ['1.*', ['1.0', '1.1', '1.10', '1.1-alpine']],
    ['1.?', ['1.0', '1.1']],
    ['v[12]', ['v1', 'v2']],
    ['v[!1]', ['v2']],
    ['v[^1]', ['v2']],
    ['1.[0-9]*', ['1.0', '1.1', '1.10', '1.1-alpine']],
    ['[a-z]*', ['v1', 'v2', 'latest']],
    ['*-{alpine,rc[0-9]}', ['2.0-rc1', '1.1-alpine']],
    ['{v{1,2},latest}', ['v1', 'v2', 'latest']],
    ['1.1{,0}', ['1.1', '1.10']],
    ['{1.0,v1', ['1.0', 'v1']],
    ['*1*1*', ['1.1', '1.10', '1.1-alpine']],
    ['V1', []],
    ['v', []],
    ['1.0}', []],
    ['[', []],
    ['[]', []],
    ['', []],
  ])('%s matches %j', (glob, expected) => {
    const matches = compileGlob(glob);
    expect(TAGS.filter((tag) => matches(tag))).toEqual(expected);
  });

  it('means what the same regular expression means', () => {
    const sign = fc.constantFrom('a', 'b', 'c');
    const glob = fc.array(fc.oneof(sign, fc.constantFrom('*', '?', '[ab]', '[!b]', '{a,bc}', '{,c}')), {
      maxLength: 7,
    });
    const text = fc.array(sign, { maxLength: 10 }).map((signs) => signs.join(''));
    const regexes: Readonly<Record<string, string>> = {
      '*': '.*',
      '?': '.',
      '[!b]': '[^b]',
      '{a,bc}': '(?:a|bc)',
      '{,c}': '(?:|c)',
    };
    fc.assert(
      fc.property(glob, text, (pieces, tag) => {
        const regex = new RegExp(`^${pieces.map((piece) => regexes[piece] ?? piece).join('')}$`);
        expect(compileGlob(pieces.join(''))(tag)).toBe(regex.test(tag));
      }),
    );
  });

  it('takes no longer for a tag that nearly matches in very many ways', () => {
    const matches = compileGlob(`${'*a'.repeat(60)}*b`);
    expect(matches('a'.repeat(128))).toBe(false);
    expect(matches(`${'a'.repeat(127)}b`)).toBe(true);
    expect(compileGlob(`${'{a,'.repeat(500)}b`)('b')).toBe(true);
    expect(compileGlob('{a,aa}'.repeat(100))('a'.repeat(128))).toBe(true);
  });
});
