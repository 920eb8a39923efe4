import pLimit from 'p-limit';
import type { Config } from '../config/index.ts';
import { type JobRecord, jobKey } from '../imports/index.ts';
import {
  importJobIdOf,
  judgeFreshness,
  knownWatches,
  type Observation,
  type WatchFreshness,
  type WatchRecord,
} from '../mirror/index.ts';
import type { Records } from '../records.ts';
import type { CurrentWatches } from './current-watches.ts';

export interface WatchStatusParts {
  readonly config: Pick<Config, 'patterns'>;
  readonly current: Pick<CurrentWatches, 'seen'>;
  readonly watches: Pick<Records<WatchRecord>, 'list'>;
  readonly observations: Pick<Records<Observation>, 'list'>;
  readonly jobs: Pick<Records<JobRecord>, 'get'>;
  readonly now: () => Date;
}

/** What is known of the watches from records alone: no registry is asked. */
export interface WatchStatus {
  /** How each watch fares, in the order of the configuration, then patterns that do not fare well. */
  watches(): Promise<readonly WatchRecord[]>;
  /** How fresh their copies are. Asks for the jobs it needs one by one unless all are given. */
  freshness(known?: readonly JobRecord[]): Promise<readonly WatchFreshness[]>;
}

const JOBS_AT_ONCE = 32;

export function watchStatus({
  config,
  current,
  watches,
  observations,
  jobs,
  now,
}: WatchStatusParts): WatchStatus {
  /** Jobs that are over for good, of the observations that stood last time. */
  let over: ReadonlyMap<string, JobRecord> = new Map();

  async function jobsOf(seen: readonly Observation[]): Promise<ReadonlyMap<string, JobRecord>> {
    const found = await pLimit(JOBS_AT_ONCE).map(seen.map(importJobIdOf), async (id) => ({
      id,
      job: over.get(id) ?? (await jobs.get(jobKey(id))),
    }));
    const byId = new Map(found.flatMap(({ id, job }) => (job ? [[id, job] as const] : [])));
    over = new Map([...byId].filter(([, { state }]) => state === 'succeeded' || state === 'unchanged'));
    return byId;
  }

  return {
    async watches() {
      const patterns = config.patterns.filter(({ paused }) => !paused);
      const records = await knownWatches([...(await current.seen()), ...patterns], watches);
      const names = new Set(patterns.map(({ name }) => name));
      return records.filter(({ watch, state }) => state !== 'healthy' || !names.has(watch));
    },

    async freshness(known) {
      const seen = await Array.fromAsync(observations.list(), ({ value }) => value);
      const byId = known ? new Map(known.map((job) => [job.id, job])) : await jobsOf(seen);
      return judgeFreshness(await current.seen(), seen, byId, now());
    },
  };
}
