import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columns } from '../../../cli/columns.ts';

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
