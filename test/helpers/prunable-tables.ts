import { digestOf } from '../../shared/content/index.ts';
import { type EventRecord, eventKey } from '../../shared/events/event-record.ts';
import {
  createImportJob,
  type ImportJob,
  type JobRecord,
  jobKey,
  queuedRecord,
  type TagRecord,
  tagKey,
} from '../../shared/imports/index.ts';
import { observationKey } from '../../shared/mirror/index.ts';
import type { PrunableRecords, RecordKey, Records } from '../../shared/records.ts';
import type { PrunedTables } from '../../shared/retention/prune.ts';
import { type PipelineRun, pipelineRunSchema, runKey } from '../../shared/transfer/index.ts';

/** The tables that pruning reads, all of them open to a test. */
export interface PrunableTables extends PrunedTables {
  readonly tags: PrunableRecords<TagRecord>;
}

/** `stays` and `goes` are names as `namesIn` gives them, sorted. */
export interface FilledTables {
  readonly stays: readonly string[];
  readonly goes: readonly string[];
}

const DAY_MS = 24 * 60 * 60_000;
const PLACE = { registry: 'acme.azurecr.io', repository: 'base/app' };

/**
 * Writes records of every kind: what was over at `start`, when all of it was written, and what was not, by the day 275
 * days later. The source `docker.io/library/app` is watched, for `acme.azurecr.io/base/app`, and `docker.io/library/old` is
 * not; the container of the pipeline `inbound` has the blob `there.tar`.
 */
export async function fillTables(tables: PrunableTables, start: Date): Promise<FilledTables> {
  const stays: string[] = [];
  const goes: string[] = [];
  const at = (days: number) => new Date(start.getTime() + days * DAY_MS).toISOString();
  const [old, young] = [at(0), at(300)];

  async function put<T extends object>(
    table: keyof PrunableTables,
    records: Pick<Records<T>, 'update'>,
    key: RecordKey,
    value: T,
    end: 'stays' | 'goes',
  ): Promise<void> {
    await records.update(key, () => value);
    (end === 'stays' ? stays : goes).push(nameOf(table, key));
  }

  const jobOf = (tag: string, days: number, source = 'app', target = source): ImportJob =>
    createImportJob({
      source: `docker.io/library/${source}`,
      digest: digestOf(`${tag} ${days}`),
      target: `acme.azurecr.io/base/${target}:${tag}`,
      platforms: [],
      observedAt: at(days),
      reason: 'test',
    });
  const putJob = (job: ImportJob, more: Partial<JobRecord>, end: 'stays' | 'goes') =>
    put('jobs', tables.jobs, jobKey(job), { ...queuedRecord(job, start), ...more }, end);
  const putObservation = ({ target, source, digest, observedAt }: ImportJob, end: 'stays' | 'goes') =>
    put(
      'observations',
      tables.observations,
      observationKey(target),
      { target, source, digest, platforms: [], observedAt, queued: true },
      end,
    );

  await putObservation(jobOf('1', -1), 'stays');
  await putJob(jobOf('1', -1), { state: 'succeeded', finishedAt: old }, 'stays');
  await putJob(jobOf('1', -2), { state: 'succeeded', finishedAt: old }, 'goes');
  await putJob(jobOf('1', -3), { state: 'unchanged', finishedAt: old }, 'goes');
  await putJob(jobOf('1', -4), { state: 'failed', finishedAt: old }, 'goes');
  await putJob(jobOf('1', -5), { state: 'succeeded', finishedAt: young }, 'stays');
  for (const state of ['queued', 'running', 'held'] as const)
    await putJob(jobOf(state, -2), { state }, 'stays');
  await putObservation(jobOf('2', -1), 'stays');
  await putJob(jobOf('2', -1), { state: 'failed', finishedAt: old }, 'stays');
  await putJob(jobOf('byhand', -1), { state: 'failed', finishedAt: old }, 'stays');
  await putJob(jobOf('put', -2), { state: 'failed', finishedAt: old }, 'goes');
  const target = 'acme.azurecr.io/base/app:put';
  await put('tags', tables.tags, tagKey({ ...PLACE, tag: 'put' }), { target, observedAt: at(-1) }, 'stays');

  const unwatched = jobOf('1', -1, 'old');
  await putObservation(unwatched, 'goes');
  await putJob(unwatched, { state: 'failed', finishedAt: old }, 'goes');
  await putJob(jobOf('waits', -1, 'old'), { state: 'queued' }, 'stays');
  await putObservation(jobOf('1', -1, 'lately'), 'stays');
  await putObservation(jobOf('moved', -1, 'old', 'app'), 'stays');
  for (const [name, polledAt, end] of [
    ['app', old, 'stays'],
    ['old', old, 'goes'],
    ['lately', young, 'stays'],
  ] as const) {
    const source = `docker.io/library/${name}`;
    const health = { watch: name, source, state: 'healthy', reason: '', since: old, polledAt } as const;
    const watch = { ...health, gone: [], disagreements: [] };
    await put('watches', tables.watches, { partition: 'watches', row: name }, watch, end);
    const poll = { lastStartedAt: polledAt, claim: name };
    await put('polls', tables.polls, { partition: 'polls', row: name }, poll, end);
  }

  const placed = (days: number, pending: readonly string[]): EventRecord => ({
    target: `acme.azurecr.io/base/app:${days}`,
    sequence: 1,
    digest: digestOf('placed'),
    observedAt: at(days),
    placedAt: at(days),
    pending,
    failures: 0,
  });
  for (const [event, end] of [
    [placed(-3, []), 'goes'],
    [placed(-2, ['log']), 'stays'],
    [placed(300, []), 'stays'],
  ] as const)
    await put('events', tables.events, eventKey(event), event, end);

  const upload = { location: 'https://acme.azurecr.io/v2/u', offset: 1, size: 2, chunkBytes: 1, keptAt: old };
  const place = 'acme.azurecr.io/base/app';
  await put('uploads', tables.uploads, { partition: place, row: 'left' }, { upload }, 'goes');
  const lease = { leaseOwner: 'a', leaseUntil: at(366) };
  await put('uploads', tables.uploads, { partition: place, row: 'held' }, { ...lease, upload }, 'stays');
  const places = { repositories: ['base/app'] };
  await put('blobs', tables.blobs, { partition: PLACE.registry, row: digestOf('layer') }, places, 'goes');

  const runOf = (name: string, status: string, finishTime: string, etag?: string): PipelineRun =>
    pipelineRunSchema.parse({
      name,
      request: { pipelineResourceId: 'x/importPipelines/inbound', source: { name: 'shop.tar' } },
      provisioningState: status,
      response: { status, finishTime },
      longshore: { generation: 'first', createdAt: old, attempts: 1, failures: 0, ...(etag && { etag }) },
    });
  for (const [run, end] of [
    [runOf('arrivalOld', 'Succeeded', old, '"1"'), 'goes'],
    [runOf('arrivalYoung', 'Succeeded', young, '"1"'), 'stays'],
    [runOf('arrivalFailed', 'Failed', old, '"1"'), 'stays'],
    [runOf('byHand', 'Succeeded', old), 'stays'],
  ] as const)
    await put('runs', tables.runs, runKey(run.name), run, end);
  for (const [pipeline, blob, run, end] of [
    ['inbound', 'gone.tar', 'arrivalOld', 'goes'],
    ['inbound', 'ignored.tar', undefined, 'goes'],
    ['inbound', 'there.tar', 'arrivalOld', 'stays'],
    ['inbound', 'young.tar', 'arrivalYoung', 'stays'],
    ['elsewhere', 'gone.tar', 'arrivalOld', 'stays'],
  ] as const)
    await put(
      'arrivals',
      tables.arrivals,
      { partition: pipeline, row: blob },
      { etag: '"1"', ...(run && { run }) },
      end,
    );
  return { stays: stays.sort(), goes: goes.sort() };
}

/** The names of all records there are, sorted. */
export async function namesIn(tables: PrunableTables): Promise<readonly string[]> {
  const names: string[] = [];
  const add = async (table: keyof PrunableTables) => {
    for await (const { key } of tables[table].list()) names.push(nameOf(table, key));
  };
  for (const table of Object.keys(tables)) await add(table as keyof PrunableTables);
  return names.sort();
}

function nameOf(table: keyof PrunableTables, { partition, row }: RecordKey): string {
  return `${table} ${partition}/${row}`;
}
