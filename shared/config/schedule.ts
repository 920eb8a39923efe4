import { Cron } from 'croner';
import { z } from 'zod';

export const DEFAULT_SCHEDULE = '*/15 * * * *';

/** A cron expression of 5 or 6 fields (seconds first) that comes round at some time. */
export const scheduleSchema = z
  .string()
  .superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({ examples: [DEFAULT_SCHEDULE, '0 6 * * MON-FRI'] });

function problemOf(text: string): string | undefined {
  const expected = `expected a cron expression of 5 or 6 fields, such as ${DEFAULT_SCHEDULE}`;
  if (text.length > 200 || !/^\S+(?: +\S+){4,5}$/.test(text)) return expected;
  try {
    const cron = new Cron(text, { mode: '5-or-6-parts', timezone: 'UTC', paused: true });
    return cron.nextRun(new Date(0)) ? undefined : `${expected}; this one names a time that never comes`;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return `${expected} (${reason})`;
  }
}
