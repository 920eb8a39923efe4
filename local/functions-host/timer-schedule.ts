import { Cron } from 'croner';
import { FunctionsHostError } from './errors.ts';
import { parseTimeSpan } from './time-span.ts';

export interface TimerSchedule {
  /** The first occurrence later than `after`; `undefined` when there is none any more. */
  next(after: Date): Date | undefined;
}

const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names for `min`, `min + 1`, …; three letters are enough. */
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: months },
  { name: 'day of week', min: 0, max: 6, names: weekdays },
];

/**
 * Reads the schedule of a timer trigger: NCRONTAB with six fields (five mean second 0), or a `TimeSpan` between
 * occurrences. Only what NCRONTAB knows is accepted, so that what runs here also runs in Azure: no `L`, `W`, `#`, `?`,
 * Sunday is 0, and where day and day of week are both given both must match.
 *
 * @param timeZone IANA name; in Azure the setting `WEBSITE_TIME_ZONE`, else UTC.
 * @throws FunctionsHostError `E_BINDING` saying which field cannot be read.
 */
export function parseTimerSchedule(text: string, timeZone = 'UTC'): TimerSchedule {
  const intervalMs = parseTimeSpan(text);
  if (intervalMs !== undefined) {
    if (intervalMs === 0) throw malformed(text, 'an interval must be longer than nothing');
    return { next: (after) => new Date(after.getTime() + intervalMs) };
  }
  const parts = text.trim().split(/\s+/);
  const six = parts.length === 5 ? ['0', ...parts] : parts;
  if (six.length !== fields.length) {
    throw malformed(
      text,
      `expected six fields or a time span such as 00:05:00, found ${parts.length} fields`,
    );
  }
  const pattern = fields.map((field, index) => toNumbers(six[index] ?? '', field, text)).join(' ');
  const cron = new Cron(pattern, { paused: true, timezone: timeZone, domAndDow: true, mode: '6-part' });
  return { next: (after) => cron.nextRun(after) ?? undefined };
}

/** One field with names turned to numbers and every range written out. */
function toNumbers(value: string, field: Field, text: string): string {
  const parts = value.split(',').map((item) => {
    const [range = '', step, ...rest] = item.split('/');
    if (rest.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) {
      throw malformed(text, `the step in "${item}" (${field.name}) is not a positive number`);
    }
    const [from, to] = rangeOf(range, step !== undefined, field, text);
    return step === undefined && from === to ? String(from) : `${from}-${to}${step ? `/${step}` : ''}`;
  });
  return parts.join(',');
}

function rangeOf(range: string, hasStep: boolean, field: Field, text: string): [number, number] {
  if (range === '*') return [field.min, field.max];
  const [first = '', last, ...rest] = range.split('-');
  if (rest.length > 0) throw malformed(text, `"${range}" (${field.name}) is not a range`);
  const from = numberOf(first, field, text);
  const to = last === undefined ? (hasStep ? field.max : from) : numberOf(last, field, text);
  if (from > to) throw malformed(text, `"${range}" (${field.name}) runs backwards`);
  return [from, to];
}

function numberOf(value: string, field: Field, text: string): number {
  const isName = (name: string): boolean => value.length >= 3 && name.startsWith(value.toLowerCase());
  const named = field.names?.findIndex(isName) ?? -1;
  const number = named >= 0 ? field.min + named : /^\d{1,2}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= field.min && number <= field.max)) {
    throw malformed(text, `"${value}" is not a ${field.name}: expected ${field.min} to ${field.max}`);
  }
  return number;
}

function malformed(text: string, why: string): FunctionsHostError {
  return new FunctionsHostError('E_BINDING', `"${text}" is not a timer schedule: ${why}`);
}
