import * as z from 'zod';
import { MAX_SUBJECTS, WHOLE_REPOSITORY } from './hint.ts';

/** Something a notice spoke of: to be asked about at the registry, or asked about lately. */
export interface Subject {
  /** A tag, a digest, or `WHOLE_REPOSITORY`. */
  readonly what: string;
  /** How many notices spoke of it. Counted, because the clocks of two workers do not tell which came first. */
  readonly notices: number;
  /** `true`: nobody spoke of it since it was last asked about. */
  readonly settled: boolean;
  /** When it was last asked about, ISO 8601. */
  readonly askedAt?: string | undefined;
  /** How often it was asked about since that last succeeded. */
  readonly tries: number;
}

/** What is known of the notices about one upstream repository. */
export interface RepositoryNotices {
  /** Name of the webhook that spoke last. */
  readonly webhook: string;
  /** ISO 8601. */
  readonly lastNoticeAt: string;
  /** When a change was found that no notice told of, ISO 8601; absent once a notice comes again. */
  readonly missedAt?: string | undefined;
  readonly subjects: readonly Subject[];
}

export const repositoryNoticesSchema: z.ZodType<RepositoryNotices> = z.object({
  webhook: z.string(),
  lastNoticeAt: z.iso.datetime(),
  missedAt: z.iso.datetime().optional(),
  subjects: z.array(
    z.object({
      what: z.string().min(1).max(200),
      notices: z.int().positive(),
      settled: z.boolean(),
      askedAt: z.iso.datetime().optional(),
      tries: z.int().nonnegative(),
    }),
  ),
});

/** A tag is asked about at most this often, however many notices speak of it. */
export const MIN_INTERVAL_MS = 15_000;
const MIN_WHOLE_INTERVAL_MS = 5 * 60_000;
const MAX_INTERVAL_MS = 60 * 60_000;
/** By then some five hours have gone by. */
const MAX_TRIES = 12;
/** How long after it was asked about a subject still counts as told of. */
const KEEP_SETTLED_MS = 10 * 60_000;

/** After a notice that spoke of these subjects. Too many are taken for the whole repository. */
export function noticed(
  current: RepositoryNotices | undefined,
  webhook: string,
  whats: readonly string[],
  now: Date,
): RepositoryNotices {
  const subjects = new Map(remembered(current, now).map((subject) => [subject.what, subject]));
  for (const what of whats) {
    const known = subjects.get(what) ?? { what, notices: 0, tries: 0 };
    subjects.set(what, { ...known, notices: known.notices + 1, settled: false });
  }
  return { webhook, lastNoticeAt: now.toISOString(), subjects: withoutTooMany([...subjects.values()]) };
}

/** What is to be asked about now, oldest first: what was spoken of and not asked about too recently. */
export function dueSubjects(
  { subjects }: Pick<RepositoryNotices, 'subjects'>,
  now: Date,
): readonly Subject[] {
  return subjects.filter((subject) => !subject.settled && elapsed(subject, now) >= intervalOf(subject));
}

/**
 * Takes up to `max` of what is due for the caller to ask about: nobody else does meanwhile. What was tried too often is
 * given up, and counts as missed, so that polls find it.
 */
export function claimed(
  current: RepositoryNotices,
  max: number,
  now: Date,
): { readonly record: RepositoryNotices; readonly taken: readonly Subject[] } {
  const due = dueSubjects(current, now);
  const given = new Set(due.filter(({ tries }) => tries >= MAX_TRIES).map(({ what }) => what));
  const chosen = new Set(
    due
      .filter(({ what }) => !given.has(what))
      .slice(0, max)
      .map(({ what }) => what),
  );
  if (given.size === 0 && chosen.size === 0) return { record: current, taken: [] };
  const askedAt = now.toISOString();
  const subjects = current.subjects
    .filter(({ what }) => !given.has(what))
    .map((subject) =>
      chosen.has(subject.what) ? { ...subject, askedAt, tries: subject.tries + 1 } : subject,
    );
  return {
    record: { ...current, subjects, ...(given.size > 0 && { missedAt: askedAt }) },
    taken: subjects.filter(({ what }) => chosen.has(what)),
  };
}

/** After these were asked about with success. One that was spoken of meanwhile is still to be asked about. */
export function settled(
  current: RepositoryNotices | undefined,
  asked: readonly Subject[],
): RepositoryNotices | undefined {
  if (!current || asked.length === 0) return current;
  const notices = new Map(asked.map((subject) => [subject.what, subject.notices]));
  return {
    ...current,
    subjects: current.subjects.map((subject) =>
      notices.has(subject.what)
        ? { ...subject, tries: 0, settled: subject.notices === notices.get(subject.what) }
        : subject,
    ),
  };
}

function remembered(current: RepositoryNotices | undefined, now: Date): readonly Subject[] {
  return (current?.subjects ?? []).filter(
    (subject) => !subject.settled || elapsed(subject, now) < KEEP_SETTLED_MS,
  );
}

function withoutTooMany(subjects: readonly Subject[]): readonly Subject[] {
  const open = subjects.filter((subject) => !subject.settled);
  if (open.length <= MAX_SUBJECTS) {
    return [...open, ...subjects.filter((subject) => subject.settled).slice(-MAX_SUBJECTS)];
  }
  const whole = subjects.find(({ what }) => what === WHOLE_REPOSITORY);
  const { notices = 0, ...known } = whole ?? { what: WHOLE_REPOSITORY, tries: 0 };
  return [{ ...known, notices: notices + 1, settled: false }];
}

function intervalOf({ what, tries }: Subject): number {
  const first = what === WHOLE_REPOSITORY ? MIN_WHOLE_INTERVAL_MS : MIN_INTERVAL_MS;
  return Math.min(first * 2 ** Math.max(tries - 1, 0), MAX_INTERVAL_MS);
}

/** A time in the future can only come from a clock that was wrong, by an hour at most if it is to be heeded. */
function elapsed({ askedAt }: Subject, now: Date): number {
  if (askedAt === undefined) return Number.POSITIVE_INFINITY;
  const ms = now.getTime() - Date.parse(askedAt);
  return ms < -MAX_INTERVAL_MS ? Number.POSITIVE_INFINITY : ms;
}
