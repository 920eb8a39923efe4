import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTimeSpan } from '../../../../local/functions-host/time-span.ts';

const hourMs = 3_600_000;

test.each([
  ['00:05:00', 5 * 60_000],
  ['00:30', 30 * 60_000],
  ['23:59:59', 24 * hourMs - 1_000],
  ['1.00:00:00', 24 * hourMs],
  ['24:00:00', 24 * 24 * hourMs],
  ['90.06:00:00', (90 * 24 + 6) * hourMs],
])('%s is a time span', (text, expected) => {
  expect(parseTimeSpan(text)).toBe(expected);
});

test.each(['', '5', '5m', '00:60:00', '00:00:60', '1.24:00:00', '-00:05:00', '0 */5 * * * *'])(
  '"%s" is none',
  (text) => {
    expect(parseTimeSpan(text)).toBeUndefined();
  },
);

test('every time span of less than a day is read as written', () => {
  const part = (max: number) => fc.integer({ min: 0, max });
  fc.assert(
    fc.property(part(23), part(59), part(59), (h, m, s) => {
      const text = [h, m, s].map((value) => String(value).padStart(2, '0')).join(':');
      expect(parseTimeSpan(text)).toBe(((h * 60 + m) * 60 + s) * 1_000);
    }),
  );
});
