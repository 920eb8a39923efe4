import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeSchedule, nextTime } from '../../../../shared/mirror/index.ts';

const NOON = new Date('2026-01-01T12:00:00Z');
const MINUTE = 60_000;

describe('the times of a schedule', () => {
  it('spreads watches over the jitter, each always by the same part of it', () => {
    const schedule = { cron: '0 * * * *', timezone: 'UTC', jitterMs: 10 * MINUTE };
    const minutes = Array.from({ length: 50 }, (_, at) => {
      const next = nextTime(schedule, `watch ${at}`, NOON)?.getTime() ?? 0;
      expect(nextTime(schedule, `watch ${at}`, NOON)?.getTime()).toBe(next);
      // A time that was put off may belong to the hour that has begun.
      return Math.floor(((next - NOON.getTime()) % (60 * MINUTE)) / MINUTE);
    });
    expect(Math.max(...minutes)).toBeLessThan(10);
    expect(new Set(minutes).size).toBeGreaterThan(5);
  });

  it('comes once per time of the cron expression and never before it, whatever the jitter', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 59 }), (name, jitter) => {
        const schedule = { cron: '0 * * * *', timezone: 'UTC', jitterMs: jitter * MINUTE };
        const first = nextTime(schedule, name, NOON);
        const second = first && nextTime(schedule, name, first);
        expect(first && first > NOON).toBe(true);
        expect(Number(second) - Number(first)).toBe(60 * MINUTE);
      }),
    );
  });

  it('keeps an interval and puts it off by at most its jitter', () => {
    fc.assert(
      fc.property(fc.string(), fc.date({ noInvalidDate: true, max: NOON }), (name, after) => {
        const next = nextTime({ everyMs: 30 * MINUTE, jitterMs: 5 * MINUTE }, name, after);
        const gap = Number(next) - after.getTime();
        expect(gap).toBeGreaterThanOrEqual(30 * MINUTE);
        expect(gap).toBeLessThan(35 * MINUTE);
      }),
    );
  });

  it.each([
    [{ cron: '*/15 * * * *', timezone: 'UTC', jitterMs: 0 }, '*/15 * * * *'],
    [
      { cron: '0 6 * * *', timezone: 'Europe/Berlin', jitterMs: 300_000 },
      '0 6 * * * Europe/Berlin + up to 5 min',
    ],
    [{ everyMs: 6 * 3_600_000, jitterMs: 0 }, 'every 6 h'],
    [{ everyMs: 90_000, jitterMs: 0 }, 'every 90 s'],
  ])('is told as people write it: %j', (schedule, text) => {
    expect(describeSchedule(schedule)).toBe(text);
  });
});
