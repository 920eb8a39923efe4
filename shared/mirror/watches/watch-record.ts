import { z } from 'zod';
import { type Digest, isDigest } from '../../content/index.ts';
import { readableRecords } from '../../record-schema.ts';
import type { RecordKey, Records } from '../../records.ts';
import type { Watch } from './watch.ts';

/**
 * How a watch fares, the worst first. `rate-limited`: upstream asked for a pause `until`. `denied`: it does not let
 * us in. `source-gone`: it has no such repository, or none of the tags. `unreachable`: it does not answer.
 * `failing`: something else went wrong. `no-tags`: the rules select nothing. `disagreement`: upstream's listing contradicts
 * the registry. `tags-gone`: tags were deleted upstream; their copies stay until a person approves their deletion. `healthy`: none of these.
 */
const WATCH_STATES = [
  'rate-limited',
  'denied',
  'source-gone',
  'unreachable',
  'failing',
  'no-tags',
  'disagreement',
  'tags-gone',
  'healthy',
] as const;
export type WatchState = (typeof WATCH_STATES)[number];

export interface WatchHealth {
  readonly state: WatchState;
  /** For people: what was found and, where a person has to act, what to do. Empty when healthy. */
  readonly reason: string;
  /** Since when the watch is in this state, ISO 8601. */
  readonly since: string;
  /** Before this upstream is asked nothing, ISO 8601. */
  readonly until?: string | undefined;
}

/** A tag deleted upstream. */
export interface GoneTag {
  readonly tag: string;
  /** ISO 8601. */
  readonly since: string;
}

/** A tag that upstream's listing has wrong. */
export interface Disagreement {
  readonly tag: string;
  /** Missing: the listing lacks the tag. */
  readonly listed?: Digest | undefined;
  /** Missing: the registry has no such tag. */
  readonly head?: Digest | undefined;
}

/** A target tag that a command or a pipeline run made to name something else than upstream's. */
export interface TagOverride {
  /** Full reference of the tag. */
  readonly target: string;
  /** What it was found to name. */
  readonly digest: Digest;
  readonly by: 'command' | 'run';
  /** User and host of the command, or name of the run, as far as known. */
  readonly reference?: string | undefined;
  /** When it was placed, or began to be, ISO 8601. */
  readonly at: string;
  /** Upstream's tag replaces it once it is observed to move later than this, ISO 8601. */
  readonly observedAt: string;
}

/** What later polls may spare because of earlier ones. */
export interface WatchCheckpoint {
  /** For which source, targets and rules it holds. */
  readonly scope: string;
  /** When all of the digest listing was last read, ISO 8601. */
  readonly fullAt?: string | undefined;
  /** When the tag that was moved last was moved, by the listing, ISO 8601. */
  readonly movedUntil?: string | undefined;
  /** How many selected tags upstream had then. */
  readonly present: number;
  /** Include rules that matched none. */
  readonly unmatched: readonly string[];
  /** Until when the digest listing is not tried again, ISO 8601, and why. */
  readonly avoidListingUntil?: string | undefined;
  readonly avoidListingReason?: string | undefined;
  /** When the targets' tags were last compared with what was put there, ISO 8601. */
  readonly targetsVerifiedAt?: string | undefined;
  /** The first hundred that were found then, without those that upstream moved past since. */
  readonly overrides?: readonly TagOverride[] | undefined;
}

/** What holds also after a survey that could not tell everything, or whose plan was not carried out. */
export function carryOverCheckpoint(scope: string, memory: WatchCheckpoint | undefined): WatchCheckpoint {
  const { avoidListingUntil, avoidListingReason, targetsVerifiedAt, overrides } = memory ?? {};
  return {
    scope,
    present: 0,
    unmatched: [],
    ...(avoidListingUntil !== undefined && { avoidListingUntil, avoidListingReason }),
    ...(targetsVerifiedAt !== undefined && { targetsVerifiedAt }),
    ...(overrides !== undefined && { overrides }),
  };
}

/** What is known about a watch: one record per watch, written at the end of each poll. */
export interface WatchRecord extends WatchHealth {
  readonly watch: string;
  readonly source: string;
  /** When upstream was last asked, ISO 8601. */
  readonly polledAt: string;
  /** When a poll last went without errors, ISO 8601. */
  readonly succeededAt?: string | undefined;
  /** The first hundred. */
  readonly gone: readonly GoneTag[];
  /** The first hundred. */
  readonly disagreements: readonly Disagreement[];
  readonly memory?: WatchCheckpoint | undefined;
}

const PARTITION = 'watches';
const digest = z.string().refine(isDigest) as unknown as z.ZodType<Digest>;
const time = z.iso.datetime();

export const watchRecordSchema: z.ZodType<WatchRecord> = z.object({
  watch: z.string(),
  source: z.string(),
  state: z.enum(WATCH_STATES),
  reason: z.string(),
  since: time,
  until: time.optional(),
  polledAt: time,
  succeededAt: time.optional(),
  gone: z.array(z.object({ tag: z.string(), since: time })),
  disagreements: z.array(z.object({ tag: z.string(), listed: digest.optional(), head: digest.optional() })),
  memory: z
    .object({
      scope: z.string(),
      fullAt: time.optional(),
      movedUntil: time.optional(),
      present: z.number(),
      unmatched: z.array(z.string()),
      avoidListingUntil: time.optional(),
      avoidListingReason: z.string().optional(),
      targetsVerifiedAt: time.optional(),
      overrides: z
        .array(
          z.object({
            target: z.string(),
            digest,
            by: z.enum(['command', 'run']),
            reference: z.string().optional(),
            at: time,
            observedAt: time,
          }),
        )
        .optional(),
    })
    .optional(),
});

export function watchKey({ name }: Pick<Watch, 'name'>): RecordKey {
  return { partition: PARTITION, row: name };
}

export function healthOf({ state, reason, since, until }: WatchRecord): WatchHealth {
  return { state, reason, since, ...(until !== undefined && { until }) };
}

/** The records of all watches there ever were. */
export async function* watchRecords(
  records: Pick<Records<WatchRecord>, 'list'>,
): AsyncGenerator<WatchRecord, void, undefined> {
  for await (const { value } of readableRecords(records.list(PARTITION))) yield value;
}

/** The records of these watches, in their order. */
export async function knownWatches(
  watches: readonly Pick<Watch, 'name'>[],
  records: Pick<Records<WatchRecord>, 'list'>,
): Promise<readonly WatchRecord[]> {
  const byName = new Map<string, WatchRecord>();
  for await (const record of watchRecords(records)) byName.set(record.watch, record);
  return watches.map(({ name }) => byName.get(name)).filter((record) => record !== undefined);
}
