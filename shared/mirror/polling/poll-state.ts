import * as z from 'zod';
import type { Watch } from '../watches/index.ts';
import { nextTime } from '../watches/index.ts';

/**
 * When a watch was last polled. One poller claims the poll by writing this before it starts, by compare-and-swap. It is
 * not a lease with a time: how long a claim lasts follows from the start, which the schedule needs as well, and the
 * record stays when the poll has finished.
 */
export interface PollState {
  /** ISO 8601. */
  readonly lastStartedAt: string;
  /** Identifies the poll that made the claim. */
  readonly claim: string;
  /** ISO 8601; absent while the poll runs, and when it died. */
  readonly finishedAt?: string | undefined;
  /** When a poll last went without errors, ISO 8601. Absent in records of earlier versions. */
  readonly succeededAt?: string | undefined;
  /** When to retry if the schedule is not sooner, ISO 8601: the poll failed for a reason that may pass. */
  readonly retryAt?: string | undefined;
}

export const pollStateSchema: z.ZodType<PollState> = z.object({
  lastStartedAt: z.iso.datetime(),
  claim: z.string(),
  finishedAt: z.iso.datetime().optional(),
  succeededAt: z.iso.datetime().optional(),
  retryAt: z.iso.datetime().optional(),
});

/** How long a poll may take. One that has not ended by then has died, and another may begin. */
export const MAX_POLL_MS = 15 * 60_000;

/** Whether the watch is to be polled now: it is not claimed, and its schedule is due or its last poll is to be repeated. */
export function isPollDue(
  watch: Pick<Watch, 'name' | 'schedule' | 'paused' | 'restMs'>,
  state: PollState | undefined,
  now: Date,
): boolean {
  if (watch.paused) return false;
  if (!state) return true;
  const last = new Date(state.lastStartedAt);
  if (state.finishedAt === undefined) return isOver(last, now);
  if (state.retryAt !== undefined && Date.parse(state.retryAt) <= now.getTime()) return true;
  return !isResting(watch, last, now) && isScheduleDue(watch, last, now);
}

/** A `last` in the future can only come from a clock that was wrong. */
function isResting({ restMs = 0 }: Pick<Watch, 'restMs'>, last: Date, now: Date): boolean {
  const age = now.getTime() - last.getTime();
  return age >= 0 && age < restMs;
}

/** A start in the future can only come from a clock that was wrong. */
function isOver(startedAt: Date, now: Date): boolean {
  const age = now.getTime() - startedAt.getTime();
  return age >= MAX_POLL_MS || age <= -MAX_POLL_MS;
}

/**
 * Whether a time of the schedule lies after `last` and not after `now`. Any number of missed times count as one. A
 * `last` beyond the next time can only come from a clock that was wrong: due, rather than silent until then.
 */
function isScheduleDue({ name, schedule }: Pick<Watch, 'name' | 'schedule'>, last: Date, now: Date): boolean {
  const due = nextTime(schedule, name, last);
  if (due && due <= now) return true;
  const upcoming = nextTime(schedule, name, now);
  return upcoming !== undefined && last > upcoming;
}
