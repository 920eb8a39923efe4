import { Command } from 'commander';
import { InvalidInputError } from '../../shared/errors.ts';
import { type EventRecord, eventId } from '../../shared/events/index.ts';
import { compileGlob } from '../../shared/glob.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { shortTime, withShortDigests } from '../format.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { withApp } from '../with-app.ts';

interface Flags {
  readonly since: string;
  readonly target?: string;
}

/** `longshore events list`: which tags were placed, when, and by whom. */
export function eventsCommand(run: Run): Command {
  return new Command('events').addCommand(
    new Command('list')
      .description('list the tags that were placed in targets, the earliest first')
      .option('--since <time>', 'a time in ISO 8601, or how long ago: 90m, 24h, 7d', '24h')
      .option('--target <pattern>', 'only targets that match, such as "acme.azurecr.io/base/*"')
      .addOption(jsonOption())
      .action(({ since, target }: Flags) =>
        run(({ streams: { signal }, output, environment }) => {
          const from = parseSince(since, new Date());
          const matches = target === undefined ? () => true : compileGlob(target);
          return withApp({ environment }, async (app) => {
            const events: EventRecord[] = [];
            for await (const event of app.events({ since: from, signal }))
              if (matches(event.target)) events.push(event);
            const listed = events.map((event) => ({ id: eventId(event), ...event }));
            output.result({ events: listed }, describe(events, from));
            return EXIT.ok;
          });
        }),
      ),
  );
}

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_DAYS = 400;

function parseSince(text: string, now: Date): Date {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const time = count
    ? now.getTime() - Number(count) * UNITS[unit as keyof typeof UNITS]
    : /^\d{4}-\d{2}-\d{2}/.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (now.getTime() - time <= MAX_DAYS * UNITS.d && time <= now.getTime()) return new Date(time);
  throw new InvalidInputError(
    'E_ARGUMENT',
    `--since ${text} is not a time in the past. Expected ISO 8601, such as 2026-03-01T12:00:00Z, or a duration of at most ${MAX_DAYS} days, such as 90m, 24h or 7d.`,
  );
}

function describe(events: readonly EventRecord[], since: Date): readonly string[] {
  if (events.length === 0) return [`No tag was placed since ${shortTime(since.toISOString())}.`];
  return columns([
    ['PLACED', 'TAG', 'DIGEST', 'BEFORE', 'BY', 'PENDING'],
    ...events.map(
      ({ placedAt, target, digest, previousDigest = '', placedBy = '', pending, failed = [] }) => [
        shortTime(placedAt),
        target,
        withShortDigests(digest),
        withShortDigests(previousDigest),
        placedBy,
        [...pending, ...failed.map((name) => `${name} failed`)].join(', '),
      ],
    ),
  ]);
}
