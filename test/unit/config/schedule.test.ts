import { expect, it } from 'vitest';
import { scheduleSchema } from '../../../shared/config/schedule.ts';

it.each([
  ['0 6 * * MON', { cron: '0 6 * * MON', timezone: 'UTC', jitterMs: 0 }],
  [
    { cron: '0 6 * * *', timezone: 'Europe/Berlin' },
    { cron: '0 6 * * *', timezone: 'Europe/Berlin', jitterMs: 0 },
  ],
  [
    { cron: '0 * * * *', jitter: '10m' },
    { cron: '0 * * * *', timezone: 'UTC', jitterMs: 600_000 },
  ],
  [{ every: '90s' }, { everyMs: 90_000, jitterMs: 0 }],
  [
    { every: '6h', jitter: '30m' },
    { everyMs: 21_600_000, jitterMs: 1_800_000 },
  ],
  [{ every: '1d' }, { everyMs: 86_400_000, jitterMs: 0 }],
])('reads the schedule %j', (value, schedule) => {
  expect(scheduleSchema.parse(value)).toEqual(schedule);
});

it.each([
  ['every hour', 'expected a cron expression'],
  [{ every: '1s' }, 'expected a length of time such as 90s, 15m, 6h or 3d, from 10 to'],
  [{ every: '15 minutes' }, 'expected a length of time such as 90s'],
  [{ every: '15m', cron: '* * * * *' }, 'unknown key'],
  [{ cron: '0 6 * * *', timezone: 'Berlin' }, 'expected an IANA time zone, such as Europe/Berlin'],
  [{ cron: '0 6 31 2 *' }, 'names a time that never comes'],
  [{ every: '1h', jitter: '2d' }, 'expected a length of time'],
])('refuses the schedule %j', (value, message) => {
  const { error } = scheduleSchema.safeParse(value);
  expect(JSON.stringify(error?.issues)).toContain(message);
});
