import * as z from 'zod';
import { formatReference, parseReference } from '../content/index.ts';
import type { RecordKey, Records } from '../records.ts';
import { type ImportJob, importJobSchema } from './import-job.ts';

/**
 * `queued`: waits for a worker (also when scheduled again). `running`: a worker has it. `succeeded`: the target
 * changed. `unchanged`: there was nothing to do. `held`: a policy says not yet, or a record is of a later version; it is checked again. `failed`: dead-lettered.
 */
export const JOB_STATES = ['queued', 'running', 'succeeded', 'unchanged', 'held', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** What is known about a job: one record per job id, however often it is delivered. */
export const jobRecordSchema = importJobSchema.extend({
  state: z.enum(JOB_STATES),
  /** How often a worker began. */
  attempts: z.number().int(),
  /** Failed tries since the last success, or since the job was given up. Waiting out a rate limit is none. */
  failures: z.number().int().default(0),
  /** Tries in a row that the registry denied; each is a failure too. */
  denials: z.number().int().optional(),
  /** How often in a row a policy held it. */
  holds: z.number().int().optional(),
  /** When a held job is looked at again. */
  heldUntil: z.iso.datetime().optional(),
  /** When a queued job is seen by a worker, if not at once. */
  dueAt: z.iso.datetime().optional(),
  /** Pulls that it needs, as far as it got: what it waits for. */
  pulls: z.number().int().optional(),
  /** For people: what happened, or what is being waited for. */
  detail: z.string().optional(),
  errorCode: z.string().optional(),
  bytesTotal: z.number(),
  bytesDone: z.number(),
  queuedAt: z.iso.datetime(),
  startedAt: z.iso.datetime().optional(),
  finishedAt: z.iso.datetime().optional(),
});
export type JobRecord = Readonly<z.infer<typeof jobRecordSchema>>;

export function isFinished(record: JobRecord): boolean {
  return isDone(record) || record.state === 'failed';
}

/** Whether the target is what the job says. */
export function isDone({ state }: Pick<JobRecord, 'state'>): boolean {
  return state === 'succeeded' || state === 'unchanged';
}

/** The jobs of one target repository share a partition, so that a poll writes them together. */
export function jobKey({ id, target }: Pick<ImportJob, 'id' | 'target'>): RecordKey {
  const { registry, repository } = parseReference(target);
  return { partition: formatReference({ registry, repository }), row: id };
}

/** Where the version before kept a job: under the first byte of its id. */
export function earlierJobKey(id: string): RecordKey {
  return { partition: id.slice(0, 2), row: id };
}

/** The record of a job, also where the version before left it. */
export async function findJob(
  jobs: Pick<Records<JobRecord>, 'get'>,
  job: Pick<ImportJob, 'id' | 'target'>,
): Promise<JobRecord | undefined> {
  return (await jobs.get(jobKey(job))) ?? (await jobs.get(earlierJobKey(job.id)));
}

/**
 * Moves the record of a job from where the version before kept it, unless there is one under its key. A crash in between
 * forgets the tries of the job, which is done all the same.
 */
export async function moveEarlierJob(
  jobs: Pick<Records<JobRecord>, 'get' | 'update' | 'remove'>,
  job: Pick<ImportJob, 'id' | 'target'>,
): Promise<void> {
  if (await jobs.get(jobKey(job))) return;
  const earlier = await jobs.get(earlierJobKey(job.id));
  if (!earlier) return;
  await jobs.remove(earlierJobKey(job.id));
  await jobs.update(jobKey(job), (current) => current ?? earlier, { isNew: true });
}

export function queuedRecord(job: ImportJob, now: Date): JobRecord {
  return {
    ...job,
    platforms: [...job.platforms],
    state: 'queued',
    attempts: 0,
    failures: 0,
    bytesTotal: 0,
    bytesDone: 0,
    queuedAt: now.toISOString(),
  };
}

/** A worker begins. A repeat of a job that is done does not hide that it is; one that was given up begins anew. */
export function started(current: JobRecord | undefined, job: ImportJob, now: Date): JobRecord {
  if (current && isDone(current)) return { ...current, attempts: current.attempts + 1 };
  const {
    detail: _,
    errorCode: __,
    finishedAt: ___,
    heldUntil: ____,
    dueAt: _____,
    ...known
  } = current ?? queuedRecord(job, now);
  return {
    ...(known.state === 'failed' ? withoutSetbacks(known) : known),
    state: 'running',
    attempts: known.attempts + 1,
    failures: known.state === 'failed' ? 0 : known.failures,
    startedAt: now.toISOString(),
  };
}

export function progressed(
  current: JobRecord | undefined,
  { bytesTotal, bytesDone }: Required<JobProgress>,
): JobRecord | undefined {
  return current?.state === 'running' ? { ...current, bytesTotal, bytesDone } : current;
}

/** How far a try got, where that is not in the record yet. */
export interface JobProgress {
  readonly bytesTotal?: number;
  readonly bytesDone?: number;
}

/** A try that failed, or had to wait, with the failed tries up to now. */
export interface JobSetback extends JobProgress {
  readonly detail: string;
  readonly errorCode: string;
  readonly failures: number;
  readonly denials?: number;
  readonly holds?: number;
  readonly pulls?: number;
  /** The job is held until then; absent: it is queued. */
  readonly heldUntil?: string;
  /** The job is queued, for a worker to see then. */
  readonly dueAt?: string;
}

export type JobEnd =
  | (JobProgress & { readonly state: 'succeeded' | 'unchanged'; readonly detail: string })
  | (JobSetback & { readonly state: 'failed' });

/**
 * A job that is done stays as it is: a repeat that finds nothing to do is not news. Nor is the failure of what another
 * worker, which had the same message, has done since.
 */
export function finished(current: JobRecord | undefined, end: JobEnd, now: Date): JobRecord | undefined {
  if (!current || (isDone(current) && end.state !== 'succeeded')) return current;
  const { errorCode: _, ...known } = withoutSetbacks(current);
  return { ...known, failures: 0, ...end, finishedAt: now.toISOString() };
}

/** Back in the queue, or held, to be seen from a later time on, with the reason; unless another worker has done it since. */
export function deferred(current: JobRecord | undefined, setback: JobSetback): JobRecord | undefined {
  if (!current || isDone(current)) return current;
  const { finishedAt: _, ...known } = withoutSetbacks(current);
  return { ...known, ...setback, state: setback.heldUntil === undefined ? 'queued' : 'held' };
}

/** Whether a person may have it done now. */
export function isRetryable({ state }: Pick<JobRecord, 'state'>): boolean {
  return state === 'failed' || state === 'held';
}

/** Back in the queue by hand. A worker may have begun since it was read: then the record is the worker's. */
export function revived(current: JobRecord | undefined, read: JobRecord): JobRecord | undefined {
  if (!current || !isRetryable(current) || current.attempts !== read.attempts) return current;
  const { errorCode: _, finishedAt: __, ...known } = withoutSetbacks(current);
  return { ...known, state: 'queued', failures: 0, detail: 'queued again by hand' };
}

/** Its message was missing and is in the queue again; `undefined` when a worker has had it since it was read. */
export function resent(current: JobRecord | undefined, read: JobRecord, now: Date): JobRecord | undefined {
  if (current?.state !== read.state || current.attempts !== read.attempts) return undefined;
  const { heldUntil: _, ...known } = current;
  return {
    ...known,
    state: 'queued',
    dueAt: now.toISOString(),
    detail: 'its message was missing; sent again',
  };
}

/** Without what is known only of the last try. */
function withoutSetbacks<Known extends Partial<JobRecord>>(
  record: Known,
): Omit<Known, 'denials' | 'holds' | 'heldUntil' | 'dueAt' | 'pulls'> {
  const { denials: _, holds: __, heldUntil: ___, dueAt: ____, pulls: _____, ...rest } = record;
  return rest;
}
