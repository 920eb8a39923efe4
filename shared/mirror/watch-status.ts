import pLimit from 'p-limit';
import { formatReference } from '../content/index.ts';
import { findJob, type JobRecord } from '../imports/index.ts';
import type { Records } from '../records.ts';
import { measureFreshness, type WatchFreshness } from './freshness.ts';
import { importJobIdOf, type Observation } from './observations/index.ts';
import type { CurrentWatches } from './patterns/index.ts';
import { formatRepositoryPattern, type WatchesAndPatterns } from './patterns/index.ts';
import { type PollState, pollStates } from './polling/index.ts';
import type { Watch } from './watches/index.ts';
import { knownWatches, type WatchRecord } from './watches/index.ts';

export interface WatchStatusPorts {
  readonly config: Pick<WatchesAndPatterns, 'patterns'>;
  readonly current: Pick<CurrentWatches, 'seen'>;
  readonly watches: Pick<Records<WatchRecord>, 'list'>;
  readonly polls: Pick<Records<PollState>, 'list'>;
  readonly observations: Pick<Records<Observation>, 'list'>;
  readonly jobs: Pick<Records<JobRecord>, 'get'>;
  readonly now: () => Date;
}

/** The state of a watch: as its last poll left it, unless it is paused. */
export type WatchStatus = Omit<WatchRecord, 'state' | 'since' | 'polledAt'> & {
  readonly state: WatchRecord['state'] | 'paused';
  /** Since when it is in this state, ISO 8601; of what is paused, when it was last polled, if it ever was. */
  readonly since?: string | undefined;
  readonly polledAt?: string | undefined;
};

/** The state of the watches from records alone, without a request to a registry. */
export interface WatchStatusReader {
  /** The state of each watch, in the order of the configuration, then of patterns that are paused or not healthy. */
  watches(): Promise<readonly WatchStatus[]>;
  /**
   * How fresh their copies are, except of paused ones, which promise nothing. Of each watch at most `limit` tags that are
   * behind are listed; default: all.
   */
  freshness(options?: { readonly limit?: number | undefined }): Promise<readonly WatchFreshness[]>;
}

const JOBS_AT_ONCE = 32;

export function watchStatus({
  config,
  current,
  watches,
  polls,
  observations,
  jobs,
  now,
}: WatchStatusPorts): WatchStatusReader {
  /** Jobs that are over for good, of the observations that stood last time. */
  let over: ReadonlyMap<string, JobRecord> = new Map();

  async function jobsOf(seen: readonly Observation[]): Promise<ReadonlyMap<string, JobRecord>> {
    const found = await pLimit(JOBS_AT_ONCE).map(seen, async (observation) => {
      const id = importJobIdOf(observation);
      return { id, job: over.get(id) ?? (await findJob(jobs, { id, target: observation.target })) };
    });
    const byId = new Map(found.flatMap(({ id, job }) => (job ? [[id, job] as const] : [])));
    over = new Map([...byId].filter(([, { state }]) => state === 'succeeded' || state === 'unchanged'));
    return byId;
  }

  return {
    async watches() {
      const seen = await current.seen();
      const known = await knownWatches([...seen, ...config.patterns], watches);
      const states = await pollStates(polls);
      const records = new Map(known.map((record) => [record.watch, polledSince(record, states)]));
      return [
        ...seen.map((watch) => statusOf(watch, formatReference(watch.source), records)),
        ...config.patterns
          .map((pattern) => statusOf(pattern, formatRepositoryPattern(pattern.source), records))
          .filter((status) => status?.state !== 'healthy'),
      ].filter((status) => status !== undefined);
    },

    async freshness({ limit } = {}) {
      const seen = await Array.fromAsync(observations.list(), ({ value }) => value);
      const byId = await jobsOf(seen);
      const active = (await current.seen()).filter(({ paused }) => !paused);
      return measureFreshness(active, seen, byId, now()).map((one) => ({
        ...one,
        behind: one.behind.slice(0, limit),
      }));
    },
  };
}

/** The record with the times of the last poll, which leaves the record as it is when it has no news. */
function polledSince(record: WatchRecord, states: ReadonlyMap<string, PollState>): WatchRecord {
  const { finishedAt, succeededAt } = states.get(record.watch) ?? {};
  const polledAt = later(record.polledAt, finishedAt);
  const wellAt = later(record.succeededAt, succeededAt);
  return { ...record, ...(polledAt && { polledAt }), ...(wellAt && { succeededAt: wellAt }) };
}

function later(time: string | undefined, other: string | undefined): string | undefined {
  if (time === undefined || other === undefined) return time ?? other;
  return Date.parse(other) > Date.parse(time) ? other : time;
}

/** What the last poll found says nothing of a watch that is no longer polled. */
function statusOf(
  { name, paused }: Pick<Watch, 'name' | 'paused'>,
  source: string,
  records: ReadonlyMap<string, WatchRecord>,
): WatchStatus | undefined {
  const record = records.get(name);
  if (!paused) return record;
  const { polledAt } = record ?? {};
  return {
    watch: name,
    source,
    state: 'paused',
    reason: 'Nothing is asked and nothing copied until "paused: true" is taken away.',
    ...(polledAt !== undefined && { since: polledAt, polledAt }),
    gone: [],
    disagreements: [],
  };
}
