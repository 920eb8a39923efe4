import { readableRecords } from '../record-schema.ts';
import type { StoredRecord, TableRecords } from '../records.ts';
import { type ImportJob, importJobSchema } from './import-job.ts';
import { isRetryable, type JobRecord, revived } from './job-record.ts';
import type { JobQueue } from './ports.ts';

export interface RetryPorts {
  readonly jobs: Pick<TableRecords<JobRecord>, 'list' | 'search' | 'update'>;
  readonly queue: Pick<JobQueue, 'sendAt'>;
  readonly now: () => Date;
}

export interface RetryOptions {
  /** Id of the one job to queue again, which failed or is held. */
  readonly job?: string | undefined;
  /** Without a job: which jobs. Default: every failed one. */
  readonly state?: 'failed' | 'held' | undefined;
  /** Ends it between two jobs. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Queues jobs again, from their records: failed ones with as many tries as a new job has, held ones so that the policy is
 * asked now. A job in another state, or not known, is left out, as is one that a later version wrote.
 *
 * The job is sent before its record says so: a crash in between leaves a failed job that runs all the same, never a
 * queued one without a message.
 * @returns what was queued
 */
export async function retryJobs(
  { jobs, queue, now }: RetryPorts,
  { job, state = 'failed', signal }: RetryOptions = {},
): Promise<readonly ImportJob[]> {
  const queued: ImportJob[] = [];
  for (const { key, value: record } of await chosenJobs(jobs, job, state)) {
    signal?.throwIfAborted();
    const again = importJobSchema.parse(record);
    await queue.sendAt(again, now());
    await jobs.update(key, (current) => revived(current, record));
    queued.push(again);
  }
  return queued;
}

async function chosenJobs(
  jobs: RetryPorts['jobs'],
  id: string | undefined,
  state: JobRecord['state'],
): Promise<readonly StoredRecord<JobRecord>[]> {
  const chosen: StoredRecord<JobRecord>[] = [];
  if (id === undefined) {
    for await (const stored of readableRecords(jobs.list()))
      if (stored.value.state === state) chosen.push(stored);
  } else {
    const found = await jobs.search({ equals: { id } }, 1);
    chosen.push(...found.filter(({ value }) => isRetryable(value)));
  }
  return chosen;
}
