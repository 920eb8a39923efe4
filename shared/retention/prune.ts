import { parseReference } from '../content/index.ts';
import { type EventRecord, isEventExpired } from '../events/index.ts';
import {
  type BlobRecord,
  isJobExpired,
  isSuperseded,
  isUploadExpired,
  type JobRecord,
  type TagRecord,
  tagKey,
  type UploadRecord,
} from '../imports/index.ts';
import { lazy } from '../memo.ts';
import {
  configuredWatches,
  importJobIdOf,
  isObservationExpired,
  isPollStateExpired,
  isUnwatched,
  isWatchRecordExpired,
  type Observation,
  observationKey,
  type PollState,
  sourcesPolledSince,
  type WatchesAndPatterns,
  type WatchRecord,
} from '../mirror/index.ts';
import type { PrunableRecords, Records } from '../records.ts';
import {
  type Arrival,
  isArrivalExpired,
  isRunExpired,
  type PipelineRun,
  type ReadContainer,
} from '../transfer/index.ts';
import { type Pruning, type PruningOptions, type PruningReport, pruneRecords } from './prune-records.ts';

/** The tables from which something is removed, and the ledger of tags. */
export interface PrunedTables {
  readonly jobs: PrunableRecords<JobRecord>;
  readonly tags: Pick<Records<TagRecord>, 'get'>;
  readonly observations: PrunableRecords<Observation>;
  readonly watches: PrunableRecords<WatchRecord>;
  readonly polls: PrunableRecords<PollState>;
  readonly blobs: PrunableRecords<BlobRecord>;
  readonly uploads: PrunableRecords<UploadRecord>;
  readonly runs: PrunableRecords<PipelineRun>;
  readonly arrivals: PrunableRecords<Arrival>;
  readonly events: PrunableRecords<EventRecord>;
}

export interface PrunePorts extends PrunedTables {
  readonly configured: WatchesAndPatterns;
  /** How long what is past is kept, in milliseconds. */
  readonly retentionMs: number;
  readonly containers: (signal?: AbortSignal) => Promise<readonly ReadContainer[]>;
  readonly now: () => Date;
}

/** `limits` by default: 100 000 records of each table, in ten minutes. */
export type PruneOptions = Partial<PruningOptions>;

const MAX_REMOVALS = 100_000;
const MAX_MS = 10 * 60_000;
/** An upload that was written down is of no use after an hour, and its URL may permit to write. */
const KEEP_UPLOADS_MS = 24 * 60 * 60_000;

/**
 * Deletes expired records, table by table. What fails for one table is in its report, and the others continue. Safe to
 * stop anywhere, to repeat, and to run at the same time as everything else.
 * @throws what the records throw when the pipelines cannot be listed; the signal's reason
 */
export async function prune(
  ports: PrunePorts,
  { dryRun, limits, signal }: PruneOptions = {},
): Promise<readonly PruningReport[]> {
  const { configured, jobs, observations, watches, polls, blobs, uploads, runs, arrivals, events } = ports;
  const now = ports.now().getTime();
  const before = new Date(now - ports.retentionMs);
  const options = {
    dryRun,
    signal,
    limits: limits ?? { removals: MAX_REMOVALS, enough: AbortSignal.timeout(MAX_MS) },
  };
  const roll = configuredWatches(configured);
  const polled = lazy(() => sourcesPolledSince(watches.list(), before));
  // An old job never becomes current later on: each observation of a tag has a later time than the one before.
  const current = lazy(() => jobsOf(observations));
  const uploadsBefore = new Date(now - KEEP_UPLOADS_MS);

  const run = <T extends object>(pruning: Pruning<T>) => pruneRecords(pruning, options);
  const reports = [
    await run({
      name: 'watches',
      records: watches,
      before,
      isPast: ({ value }) => isWatchRecordExpired(value, roll, before),
    }),
    await run({
      name: 'polls',
      records: polls,
      before,
      isPast: ({ key, value }) => isPollStateExpired(key.row, value, roll, before),
    }),
    await run({
      name: 'observations',
      records: observations,
      before,
      isPast: async ({ value }) => isObservationExpired(value, roll, await polled(), before),
    }),
    await run({
      name: 'uploads',
      records: uploads,
      before: uploadsBefore,
      isPast: ({ value }) => isUploadExpired(value, uploadsBefore),
    }),
    await run({
      name: 'pipelineruns',
      records: runs,
      before,
      isPast: ({ value }) => isRunExpired(value, before),
    }),
    await run({
      name: 'jobs',
      records: jobs,
      before,
      isPast: async ({ value }) => {
        const isCurrent = (await current()).has(value.id);
        const isObsolete =
          value.state === 'failed' &&
          (isUnwatched(value.source, roll, await polled()) || (await hasLater(value, ports)));
        return isJobExpired(value, { isCurrent, isObsolete }, before);
      },
    }),
    await run({
      name: 'events',
      records: events,
      before,
      isPast: ({ value }) => isEventExpired(value, before),
    }),
    // Only a hint where a layer may be mounted from. One that is missed is sent once, and known again.
    await run({ name: 'blobs', records: blobs, before, isPast: () => true }),
  ];
  // Without its pipeline, an arrival cannot be checked for its blob: it stays.
  for (const { pipeline, hasBlob } of await ports.containers(signal)) {
    reports.push(
      await run({
        name: `arrivals of ${pipeline}`,
        records: arrivals,
        partition: pipeline.toLowerCase(),
        before,
        isPast: ({ key, value }) => isArrivalExpired(key.row, value, { runs, hasBlob }),
      }),
    );
  }
  return reports;
}

/** The ids of the jobs that the current observations of all tags asked for. */
async function jobsOf(observations: Pick<Records<Observation>, 'list'>): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const { value } of observations.list()) ids.add(importJobIdOf(value));
  return ids;
}

/** Whether something later was asked for, or put there, under the job's target tag. */
async function hasLater(
  { target, observedAt }: JobRecord,
  { observations, tags }: Pick<PrunePorts, 'observations' | 'tags'>,
): Promise<boolean> {
  const observation = await observations.get(observationKey(target));
  if (observation && Date.parse(observation.observedAt) > Date.parse(observedAt)) return true;
  const { registry, repository, tag = '' } = parseReference(target);
  return isSuperseded(await tags.get(tagKey({ registry, repository, tag })), { observedAt });
}
