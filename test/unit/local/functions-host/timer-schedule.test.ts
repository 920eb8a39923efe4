import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTimerSchedule } from '../../../../local/functions-host/timer-schedule.ts';

const after = new Date('2026-03-04T10:20:30.500Z'); // a Wednesday

function occurrences(text: string, count: number, timeZone?: string): string[] {
  const schedule = parseTimerSchedule(text, timeZone);
  const found: string[] = [];
  let last = after;
  for (let n = 0; n < count; n++) {
    const next = schedule.next(last);
    if (next === undefined) break;
    found.push(next.toISOString().replace('.000Z', ''));
    last = next;
  }
  return found;
}

describe('parseTimerSchedule', () => {
  test.each([
    ['*/15 * * * * *', ['2026-03-04T10:20:45', '2026-03-04T10:21:00']],
    ['0 */5 * * * *', ['2026-03-04T10:25:00', '2026-03-04T10:30:00']],
    ['0 7/20 * * * *', ['2026-03-04T10:27:00', '2026-03-04T10:47:00', '2026-03-04T11:07:00']],
    ['0 30 9-10 * * *', ['2026-03-04T10:30:00', '2026-03-05T09:30:00']],
    ['*/5 * * * *', ['2026-03-04T10:25:00', '2026-03-04T10:30:00']],
    ['0 0 0 * * Mon,friday', ['2026-03-06T00:00:00', '2026-03-09T00:00:00']],
    ['0 0 0 * * 0', ['2026-03-08T00:00:00']],
    ['0 0 0 1 jan-Feb *', ['2027-01-01T00:00:00', '2027-02-01T00:00:00']],
  ])('%s', (text, expected) => {
    expect(occurrences(text, expected.length)).toEqual(expected);
  });

  test('wants both to match where a day and a day of week are given', () => {
    expect(occurrences('0 0 0 13 * Fri', 2)).toEqual(['2026-03-13T00:00:00', '2026-11-13T00:00:00']);
  });

  test('counts in the time zone it is given', () => {
    expect(occurrences('0 0 9 * * *', 1, 'Asia/Tokyo')).toEqual(['2026-03-05T00:00:00']);
  });

  test('takes a time span as the time between occurrences', () => {
    const next = parseTimerSchedule('00:05:00').next(after);
    expect(next?.getTime()).toBe(after.getTime() + 5 * 60_000);
  });

  test.each([
    ['* * * *', 'found 4 fields'],
    ['60 * * * * *', '"60" is not a second: expected 0 to 59'],
    ['0 0 0 L * *', '"L" is not a day'],
    ['0 0 0 1 Ju *', '"Ju" is not a month'],
    ['0 0 0 * * 7', '"7" is not a day of week: expected 0 to 6'],
    ['0 0 0 * * Mon#2', 'is not a day of week'],
    ['*/0 * * * * *', 'the step in "*/0"'],
    ['5-1 * * * * *', '"5-1" (second) runs backwards'],
    ['00:00:00', 'longer than nothing'],
    ['', 'found 1 fields'],
  ])('refuses "%s"', (text, message) => {
    expect(() => parseTimerSchedule(text)).toThrow(message);
  });

  test('gives occurrences that are later than asked and have the seconds and minutes of the schedule', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 5 });
    const instants = fc.date({
      min: new Date('2020-01-01'),
      max: new Date('2040-01-01'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(numbers, numbers, instants, (seconds, minutes, from) => {
        const next = parseTimerSchedule(`${seconds} ${minutes} * * * *`).next(from);
        expect(next?.getTime()).toBeGreaterThan(from.getTime());
        expect(seconds).toContain(next?.getUTCSeconds());
        expect(minutes).toContain(next?.getUTCMinutes());
      }),
    );
  });
});
