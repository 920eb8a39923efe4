import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeKey, encodeKey } from '../../../shared/azure/record-key.ts';

/** Any text: well-formed or not, plain or full of what keys may not hold. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'/\\#?%~} .-\t\u0000\u007f\ud800a0'), maxLength: 60 }),
);

describe('encodeKey', () => {
  it.each([
    ['sha256:0f', 'sha256:0f'],
    ['2026-01-31T10:00:00.000Z', '2026-01-31T10:00:00.000Z'],
    ['docker.io/library/node', 'docker.io.~library.~node'],
    ['a b', 'a ~b'],
    ['#?\\%~', '"~>~[~$~}~'],
    ['\t', ' 09'],
    ['é', '}~~00e9'],
    ['', ''],
  ])('writes %j as %j', (text, key) => {
    expect(encodeKey(text)).toBe(key);
    expect(decodeKey(key)).toBe(text);
  });

  it('is undone by decodeKey', () => {
    fc.assert(fc.property(anyText, (text) => decodeKey(encodeKey(text)) === text));
  });

  it('writes only what a table takes', () => {
    fc.assert(
      fc.property(anyText, (text) => /^[ -~]*$/.test(encodeKey(text)) && !/[/\\#?%]/.test(encodeKey(text))),
    );
  });

  it('keeps the order of any two texts', () => {
    const sign = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    const pair = fc.tuple(anyText, anyText, anyText);
    fc.assert(
      fc.property(
        pair,
        ([start, a, b]) => sign(start + a, start + b) === sign(encodeKey(start + a), encodeKey(start + b)),
      ),
      {
        numRuns: 500,
      },
    );
  });

  it('refuses a key longer than a table takes', () => {
    expect(encodeKey('a'.repeat(1024))).toHaveLength(1024);
    expect(() => encodeKey('/'.repeat(513))).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
  });
});

describe('decodeKey', () => {
  it.each(['a/b', 'a b', '~', 'é', ' 1F'])('refuses %j, which encodeKey does not write', (key) => {
    expect(() => decodeKey(key)).toThrow('is not a key of one of our records');
  });
});
