import { createHash } from 'node:crypto';
import { Cron } from 'croner';

interface Jitter {
  /** Each watch's times are put off by a part of this that is its own, in milliseconds; 0 for none. */
  readonly jitterMs: number;
}

/** At the times of a cron expression of 5 or 6 fields, read in an IANA time zone such as `Europe/Berlin`. */
export interface CronSchedule extends Jitter {
  readonly cron: string;
  readonly timezone: string;
}

/** A length of time after the last poll began, in milliseconds. */
export interface IntervalSchedule extends Jitter {
  readonly everyMs: number;
}

export type Schedule = CronSchedule | IntervalSchedule;

/**
 * The first time after `after` at which a watch of this name is polled; `undefined` when there is none any
 * more. The jitter follows from the name, not from chance, so that everyone who asks gets the same answer.
 */
export function nextTime(schedule: Schedule, name: string, after: Date): Date | undefined {
  if ('everyMs' in schedule) {
    // A shift that stayed the same would keep watches together that were once polled together.
    const shift = shiftOf(schedule, `${name} ${after.getTime()}`);
    return new Date(after.getTime() + schedule.everyMs + shift);
  }
  const shift = shiftOf(schedule, name);
  const cron = new Cron(schedule.cron, {
    mode: '5-or-6-parts',
    timezone: schedule.timezone,
    paused: true,
  });
  const time = cron.nextRun(new Date(after.getTime() - shift));
  return time ? new Date(time.getTime() + shift) : undefined;
}

/** For people: `*\/15 * * * *`, `0 6 * * * Europe/Berlin`, `every 15 min`. */
export function describeSchedule(schedule: Schedule): string {
  const jitter = schedule.jitterMs > 0 ? ` + up to ${describeDuration(schedule.jitterMs)}` : '';
  if ('everyMs' in schedule) return `every ${describeDuration(schedule.everyMs)}${jitter}`;
  const zone = schedule.timezone === 'UTC' ? '' : ` ${schedule.timezone}`;
  return `${schedule.cron}${zone}${jitter}`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

function describeDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, length]) => ms >= length && ms % length === 0) ?? ['s', 1000];
  return `${ms / size} ${unit}`;
}

function shiftOf({ jitterMs }: Jitter, seed: string): number {
  if (jitterMs === 0) return 0;
  return createHash('sha256').update(seed).digest().readUInt32BE(0) % jitterMs;
}
