import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columns } from '../../../cli/columns.ts';
import { withShortDigests } from '../../../cli/short-digest.ts';

test('cells stand under each other, the last one as long as it likes', () => {
  expect(
    columns(
      [
        ['STATE', 'TARGET', 'DETAIL'],
        ['running', 'a', 'much to say'],
        ['ok', 'bcd', ''],
      ],
      '  ',
    ),
  ).toEqual(['  STATE    TARGET  DETAIL', '  running  a       much to say', '  ok       bcd']);
  expect(columns([])).toEqual([]);
});

test('no cell is lost or cut', () => {
  const cell = fc.string({ minLength: 1, unit: fc.constantFrom('a', 'b', '-') });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell, cell)), (rows) => {
      expect(columns(rows).map((line) => line.split(/ +/))).toEqual(rows);
    }),
  );
});

test('digests are cut to twelve digits wherever they stand, and nothing else is', () => {
  const [one, two] = [`sha256:${'0123456789abcdef'.repeat(4)}`, `sha512:${'fe'.repeat(64)}`];
  expect(withShortDigests(`tag moved from ${one} to ${two}.`)).toBe(
    'tag moved from sha256:0123456789ab to sha512:fefefefefefe.',
  );
  for (const text of ['node:22', 'sha256:0123', `${'ab'.repeat(40)}`])
    expect(withShortDigests(text)).toBe(text);
});
