import { nextTime, type Watch } from '../mirror/index.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Long enough for what comes round once a month to come round. */
const LONGEST_DAYS = 31;
/** More polls than anything needs; a schedule that is denser counts as this dense. */
const MOST_POLLS = 5_000;

/** How often a watch is polled on an average day, from `from` on: over a day, or a month for what is rare. */
export function pollsPerDay({ name, schedule, paused, restMs = 0 }: Watch, from: Date): number {
  if (paused) return 0;
  const inADay = countTimes(DAY_MS);
  return inADay >= 4 ? inADay : countTimes(LONGEST_DAYS * DAY_MS) / LONGEST_DAYS;

  function countTimes(periodMs: number): number {
    const end = from.getTime() + periodMs;
    let time: Date | undefined = from;
    for (let count = 0; ; count += 1) {
      time = nextPoll(time);
      if (!time || time.getTime() > end) return count;
      if (count === MOST_POLLS) return (MOST_POLLS * periodMs) / (time.getTime() - from.getTime());
    }
  }

  /** A time of the schedule that comes round while the watch rests is caught up once it has. */
  function nextPoll(last: Date): Date | undefined {
    const time = nextTime(schedule, name, last);
    return time && new Date(Math.max(time.getTime(), last.getTime() + restMs));
  }
}
