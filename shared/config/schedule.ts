import { Cron } from 'croner';
import * as z from 'zod';
import type { Schedule } from '../mirror/index.ts';
import { durationSchema, isDuration } from './duration.ts';
import { strictObject } from './strict-object.ts';

const DEFAULT_CRON = '*/15 * * * *';
const MIN_INTERVAL_MS = 10_000;
const MAX_JITTER_MS = 24 * 60 * 60_000;

/** Every quarter of an hour. */
export const DEFAULT_SCHEDULE = DEFAULT_CRON;

/** A cron expression of 5 or 6 fields (seconds first) that comes round at some time. */
const cronSchema = z
  .string()
  .superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({ examples: [DEFAULT_CRON, '0 6 * * MON-FRI'] });

const timezoneSchema = z
  .string()
  .refine(isTimezone, 'expected an IANA time zone, such as Europe/Berlin or UTC')
  .meta({ examples: ['UTC', 'Europe/Berlin'] });

const jitter = durationSchema({ max: MAX_JITTER_MS })
  .default(0)
  .describe('Delays each watch by a part of this, so that polls are spread over time.');

/** Every form of a schedule, read into one. */
export const scheduleSchema = z
  .union([
    cronSchema,
    strictObject({
      cron: cronSchema.describe('Cron with 5 or 6 fields.'),
      timezone: timezoneSchema.default('UTC').describe('Time zone of the schedule. Default: UTC.'),
      jitter,
    }),
    strictObject({
      every: durationSchema({ min: MIN_INTERVAL_MS }).describe('Length of time between polls, such as 15m.'),
      jitter,
    }),
  ])
  .transform((value): Schedule => {
    if (typeof value === 'string') return { cron: value, timezone: 'UTC', jitterMs: 0 };
    if ('every' in value) return { everyMs: value.every, jitterMs: value.jitter };
    return { cron: value.cron, timezone: value.timezone, jitterMs: value.jitter };
  });

function problemOf(text: string): string | undefined {
  const expected = `expected a cron expression of 5 or 6 fields, such as ${DEFAULT_CRON}`;
  if (isDuration(text)) return `${expected}; a length of time is written { every: ${text} }`;
  if (text.length > 200 || !/^\S+(?: +\S+){4,5}$/.test(text)) return expected;
  try {
    // An offset, because for a time zone, even UTC, Node.js loads its calendar: 10 ms of each start.
    const cron = new Cron(text, { mode: '5-or-6-parts', utcOffset: 0, paused: true });
    return cron.nextRun(new Date(0)) ? undefined : `${expected}; this one names a time that never comes`;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return `${expected} (${reason})`;
  }
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
