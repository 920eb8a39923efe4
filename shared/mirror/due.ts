import { Cron } from 'croner';
import { z } from 'zod';
import type { Watch } from './watch.ts';

/** When a watch was last polled. One poller writes it by compare-and-swap before it starts: that is the claim. */
export interface PollState {
  /** ISO 8601. */
  readonly lastStartedAt: string;
  /** Identifies the poll that made the claim. */
  readonly claim: string;
  /** ISO 8601; absent while the poll runs, and when it died or had errors. */
  readonly finishedAt?: string | undefined;
}

export const pollStateSchema: z.ZodType<PollState> = z.object({
  lastStartedAt: z.iso.datetime(),
  claim: z.string(),
  finishedAt: z.iso.datetime().optional(),
});

/** A poll that did not finish well is repeated after this long, if its schedule does not come round sooner. */
const RETRY_POLL_AFTER_MS = 15 * 60_000;

/** Whether the watch is to be polled now: its schedule came round, or its last poll did not finish well. */
export function isPollDue(
  { schedule }: Pick<Watch, 'schedule'>,
  state: PollState | undefined,
  now: Date,
): boolean {
  if (!state) return true;
  const last = new Date(state.lastStartedAt);
  if (isScheduleDue(schedule, last, now)) return true;
  return state.finishedAt === undefined && last.getTime() + RETRY_POLL_AFTER_MS <= now.getTime();
}

/**
 * Whether a time of the schedule (cron, UTC) lies after `last` and not after `now`. Any number of missed times
 * count as one. A `last` beyond the next time can only come from a clock that was wrong: due, rather than silent until then.
 */
function isScheduleDue(schedule: string, last: Date, now: Date): boolean {
  const cron = new Cron(schedule, { mode: '5-or-6-parts', timezone: 'UTC', paused: true });
  const due = cron.nextRun(last);
  if (due && due <= now) return true;
  const upcoming = cron.nextRun(now);
  return upcoming !== null && last > upcoming;
}
