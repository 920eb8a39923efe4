import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPollDue } from '../../../shared/mirror/index.ts';

const QUARTERS = { schedule: '*/15 * * * *' };
const DAILY = { schedule: '0 6 * * *' };

function polled(lastStartedAt: string, finished = true) {
  return { lastStartedAt, claim: 'c', ...(finished && { finishedAt: lastStartedAt }) };
}

describe('when a watch is due', () => {
  it('is due when it was never polled', () => {
    expect(isPollDue(QUARTERS, undefined, new Date('2026-01-01T10:07:00Z'))).toBe(true);
  });

  it.each([
    { last: '2026-01-01T10:00:00Z', now: '2026-01-01T10:14:59Z', due: false },
    { last: '2026-01-01T10:00:00Z', now: '2026-01-01T10:15:00Z', due: true },
    { last: '2026-01-01T10:14:59Z', now: '2026-01-01T10:15:00Z', due: true },
    { last: '2026-01-01T10:15:03Z', now: '2026-01-01T10:16:00Z', due: false },
    { last: '2026-01-01T10:15:03Z', now: '2026-01-01T10:15:02Z', due: false },
  ])('last polled at $last, at $now: $due', ({ last, now, due }) => {
    expect(isPollDue(QUARTERS, polled(last), new Date(now))).toBe(due);
  });

  it('reads schedules with seconds', () => {
    const everyTenSeconds = { schedule: '*/10 * * * * *' };
    const last = polled('2026-01-01T10:00:00Z');
    expect(isPollDue(everyTenSeconds, last, new Date('2026-01-01T10:00:09Z'))).toBe(false);
    expect(isPollDue(everyTenSeconds, last, new Date('2026-01-01T10:00:10Z'))).toBe(true);
  });

  it('catches up once after any number of missed times', () => {
    const now = new Date('2026-01-09T09:00:00Z');
    expect(isPollDue(DAILY, polled('2026-01-01T06:00:00Z'), now)).toBe(true);
    expect(isPollDue(DAILY, polled(now.toISOString()), now)).toBe(false);
  });

  it('repeats a poll that did not finish well after a quarter of an hour', () => {
    const unfinished = polled('2026-01-01T06:00:00Z', false);
    expect(isPollDue(DAILY, unfinished, new Date('2026-01-01T06:14:59Z'))).toBe(false);
    expect(isPollDue(DAILY, unfinished, new Date('2026-01-01T06:15:00Z'))).toBe(true);
  });

  it('does not fall silent because a clock was far ahead once', () => {
    expect(isPollDue(DAILY, polled('2031-01-01T00:00:00Z'), new Date('2026-01-01T07:00:00Z'))).toBe(true);
  });

  it('is due at most once per time of the schedule, however often it is asked', () => {
    const times = fc.array(fc.integer({ min: 0, max: 6 * 3_600_000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(times, (offsets) => {
        const start = Date.parse('2026-01-01T00:00:00Z');
        let state: ReturnType<typeof polled> | undefined;
        const slots: number[] = [];
        for (const offset of offsets.sort((a, b) => a - b)) {
          const now = new Date(start + offset);
          if (!isPollDue(QUARTERS, state, now)) continue;
          state = polled(now.toISOString());
          slots.push(Math.floor(offset / 900_000));
        }
        expect(slots).toEqual([...new Set(slots)]);
        expect(new Set(slots)).toEqual(new Set(offsets.map((offset) => Math.floor(offset / 900_000))));
      }),
      { numRuns: 50 },
    );
  });
});
