import * as z from 'zod';
import { MAX_REFERENCES, WHOLE_REPOSITORY } from './change-event.ts';

/** A reference that notifications named: to be checked at the registry, or checked lately. */
export interface NotifiedReference {
  /** A tag, a digest, or `WHOLE_REPOSITORY`. */
  readonly what: string;
  /** How many notifications named it. Counted, because the clocks of two workers do not tell which came first. */
  readonly notices: number;
  /** `true`: no notification named it since the last check. */
  readonly settled: boolean;
  /** When the last check began, ISO 8601. */
  readonly askedAt?: string | undefined;
  /** Checks since the last one that succeeded. */
  readonly tries: number;
}

/** The notifications about one upstream repository. The names of its fields are those of the stored columns. */
export interface RepositoryNotifications {
  /** Name of the webhook that the last one came through. */
  readonly webhook: string;
  /** ISO 8601. */
  readonly lastNoticeAt: string;
  /** When a change was found that no notification announced, ISO 8601; absent after the next notification. */
  readonly missedAt?: string | undefined;
  readonly subjects: readonly NotifiedReference[];
}

export const repositoryNotificationsSchema: z.ZodType<RepositoryNotifications> = z.object({
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

/** A tag is checked at most this often, however many notifications name it. */
export const MIN_INTERVAL_MS = 15_000;
const MIN_WHOLE_INTERVAL_MS = 5 * 60_000;
const MAX_INTERVAL_MS = 60 * 60_000;
/** Takes some five hours. */
const MAX_TRIES = 12;
/** How long after its check a reference still counts as announced. */
const KEEP_SETTLED_MS = 10 * 60_000;

/** The record after a notification of these references. Too many become the whole repository. */
export function withNotification(
  current: RepositoryNotifications | undefined,
  webhook: string,
  references: readonly string[],
  now: Date,
): RepositoryNotifications {
  const subjects = new Map(remembered(current, now).map((reference) => [reference.what, reference]));
  for (const what of references) {
    const known = subjects.get(what) ?? { what, notices: 0, tries: 0 };
    subjects.set(what, { ...known, notices: known.notices + 1, settled: false });
  }
  return { webhook, lastNoticeAt: now.toISOString(), subjects: withoutTooMany([...subjects.values()]) };
}

/** What to check now, oldest first: named by a notification and not checked too recently. */
export function dueReferences(
  { subjects }: Pick<RepositoryNotifications, 'subjects'>,
  now: Date,
): readonly NotifiedReference[] {
  return subjects.filter(
    (reference) => !reference.settled && elapsed(reference, now) >= intervalOf(reference),
  );
}

/**
 * Claims up to `max` of what is due for the caller to check. The claim ends with the interval until the next try, not with
 * a lease: a second check costs one request and does no harm. What was tried too often is given up, and counts as missed,
 * so that polls find it.
 */
export function claimDue(
  current: RepositoryNotifications,
  max: number,
  now: Date,
): { readonly record: RepositoryNotifications; readonly taken: readonly NotifiedReference[] } {
  const due = dueReferences(current, now);
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
    .map((reference) =>
      chosen.has(reference.what) ? { ...reference, askedAt, tries: reference.tries + 1 } : reference,
    );
  return {
    record: { ...current, subjects, ...(given.size > 0 && { missedAt: askedAt }) },
    taken: subjects.filter(({ what }) => chosen.has(what)),
  };
}

/** The record after these were checked. One that a notification named meanwhile has to be checked again. */
export function withSettled(
  current: RepositoryNotifications | undefined,
  checked: readonly NotifiedReference[],
): RepositoryNotifications | undefined {
  if (!current || checked.length === 0) return current;
  const notices = new Map(checked.map((reference) => [reference.what, reference.notices]));
  return {
    ...current,
    subjects: current.subjects.map((reference) =>
      notices.has(reference.what)
        ? { ...reference, tries: 0, settled: reference.notices === notices.get(reference.what) }
        : reference,
    ),
  };
}

function remembered(current: RepositoryNotifications | undefined, now: Date): readonly NotifiedReference[] {
  return (current?.subjects ?? []).filter(
    (reference) => !reference.settled || elapsed(reference, now) < KEEP_SETTLED_MS,
  );
}

function withoutTooMany(subjects: readonly NotifiedReference[]): readonly NotifiedReference[] {
  const open = subjects.filter((reference) => !reference.settled);
  if (open.length <= MAX_REFERENCES) {
    return [...open, ...subjects.filter((reference) => reference.settled).slice(-MAX_REFERENCES)];
  }
  const whole = subjects.find(({ what }) => what === WHOLE_REPOSITORY);
  const { notices = 0, ...known } = whole ?? { what: WHOLE_REPOSITORY, tries: 0 };
  return [{ ...known, notices: notices + 1, settled: false }];
}

function intervalOf({ what, tries }: NotifiedReference): number {
  const first = what === WHOLE_REPOSITORY ? MIN_WHOLE_INTERVAL_MS : MIN_INTERVAL_MS;
  return Math.min(first * 2 ** Math.max(tries - 1, 0), MAX_INTERVAL_MS);
}

/** A time in the future comes from a wrong clock; it counts if the clock is wrong by an hour at most. */
function elapsed({ askedAt }: NotifiedReference, now: Date): number {
  if (askedAt === undefined) return Number.POSITIVE_INFINITY;
  const ms = now.getTime() - Date.parse(askedAt);
  return ms < -MAX_INTERVAL_MS ? Number.POSITIVE_INFINITY : ms;
}
