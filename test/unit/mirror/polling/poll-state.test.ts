import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPollDue } from '../../../../shared/mirror/polling/index.ts';

const QUARTERS = byCron('*/15 * * * *');
const DAILY = byCron('0 6 * * *');

function byCron(cron: string, timezone = 'UTC') {
  return { name: 'node', schedule: { cron, timezone, jitterMs: 0 } };
}

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
    const everyTenSeconds = byCron('*/10 * * * * *');
    const last = polled('2026-01-01T10:00:00Z');
    expect(isPollDue(everyTenSeconds, last, new Date('2026-01-01T10:00:09Z'))).toBe(false);
    expect(isPollDue(everyTenSeconds, last, new Date('2026-01-01T10:00:10Z'))).toBe(true);
  });

  it('catches up once after any number of missed times', () => {
    const now = new Date('2026-01-09T09:00:00Z');
    expect(isPollDue(DAILY, polled('2026-01-01T06:00:00Z'), now)).toBe(true);
    expect(isPollDue(DAILY, polled(now.toISOString()), now)).toBe(false);
  });

  it('rests while it is paused, also when it was never polled', () => {
    expect(isPollDue({ ...QUARTERS, paused: true }, undefined, new Date('2026-01-01T10:00:00Z'))).toBe(false);
  });

  it('is not due while a poll of it runs, though its schedule comes round', () => {
    const everyMinute = byCron('* * * * *');
    const running = polled('2026-01-01T10:00:00Z', false);
    expect(isPollDue(everyMinute, running, new Date('2026-01-01T10:05:00Z'))).toBe(false);
    expect(isPollDue(everyMinute, running, new Date('2026-01-01T10:15:00Z'))).toBe(true);
  });

  it('is repeated at the time that its last poll left', () => {
    const state = { ...polled('2026-01-01T06:00:00Z'), retryAt: '2026-01-01T06:20:00Z' };
    expect(isPollDue(DAILY, state, new Date('2026-01-01T06:19:59Z'))).toBe(false);
    expect(isPollDue(DAILY, state, new Date('2026-01-01T06:20:00Z'))).toBe(true);
  });

  it('reads a schedule by the clock of its time zone, across the change to summer time', () => {
    const berlin = byCron('0 6 * * *', 'Europe/Berlin');
    const last = polled('2026-03-28T05:00:00Z');
    expect(isPollDue(berlin, last, new Date('2026-03-29T03:59:59Z'))).toBe(false);
    expect(isPollDue(berlin, last, new Date('2026-03-29T04:00:00Z'))).toBe(true);
  });

  it('counts an interval from the start of the last poll', () => {
    const hourly = { name: 'node', schedule: { everyMs: 3_600_000, jitterMs: 0 } };
    const last = polled('2026-01-01T10:07:00Z');
    expect(isPollDue(hourly, last, new Date('2026-01-01T11:06:59Z'))).toBe(false);
    expect(isPollDue(hourly, last, new Date('2026-01-01T11:07:00Z'))).toBe(true);
    expect(isPollDue(hourly, last, new Date('2026-01-05T00:00:00Z'))).toBe(true);
  });

  it('repeats a poll that died after a quarter of an hour', () => {
    const unfinished = polled('2026-01-01T06:00:00Z', false);
    expect(isPollDue(DAILY, unfinished, new Date('2026-01-01T06:14:59Z'))).toBe(false);
    expect(isPollDue(DAILY, unfinished, new Date('2026-01-01T06:15:00Z'))).toBe(true);
  });

  it('rests after a poll for as long as it may, but repeats one that failed', () => {
    const resting = { ...QUARTERS, restMs: 6 * 3_600_000 };
    const last = polled('2026-01-01T10:00:00Z');
    expect(isPollDue(resting, last, new Date('2026-01-01T15:59:59Z'))).toBe(false);
    expect(isPollDue(resting, last, new Date('2026-01-01T16:00:00Z'))).toBe(true);
    const failed = { ...last, retryAt: '2026-01-01T10:15:00Z' };
    expect(isPollDue(resting, failed, new Date('2026-01-01T10:15:00Z'))).toBe(true);
    expect(isPollDue({ ...DAILY, restMs: 60_000 }, last, new Date('2026-01-01T16:00:00Z'))).toBe(false);
    expect(isPollDue(resting, polled('2031-01-01T00:00:00Z'), new Date('2026-01-01T07:00:00Z'))).toBe(true);
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
