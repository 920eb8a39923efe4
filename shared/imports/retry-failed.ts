import type { Records } from '../records.ts';
import { type ImportJob, importJobSchema } from './import-job.ts';
import { type JobRecord, jobKey, revived } from './job-record.ts';
import type { JobQueue } from './ports.ts';

export interface RetryPorts {
  readonly jobs: Pick<Records<JobRecord>, 'get' | 'list' | 'update'>;
  readonly queue: Pick<JobQueue, 'sendAt'>;
  readonly now: () => Date;
}

export interface RetryFailedOptions {
  /** Id of the one job to queue again; without, every failed job. */
  readonly job?: string | undefined;
  /** Ends it between two jobs. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Queues failed jobs again, from their records, with as many tries as a new job has. A job that did not fail, or is
 * not known, is left out.
 *
 * The job is sent before its record says so: a crash in between leaves a failed job that runs all the same, never a
 * queued one that nobody will run.
 * @returns what was queued
 */
export async function retryFailed(
  { jobs, queue, now }: RetryPorts,
  { job, signal }: RetryFailedOptions = {},
): Promise<readonly ImportJob[]> {
  const queued: ImportJob[] = [];
  for (const record of await failedJobs(jobs, job)) {
    signal?.throwIfAborted();
    const again = importJobSchema.parse(record);
    await queue.sendAt(again, now());
    await jobs.update(jobKey(record.id), (current) => revived(current, record));
    queued.push(again);
  }
  return queued;
}

async function failedJobs(jobs: RetryPorts['jobs'], id: string | undefined): Promise<readonly JobRecord[]> {
  const failed: JobRecord[] = [];
  if (id === undefined) {
    for await (const { value } of jobs.list()) if (value.state === 'failed') failed.push(value);
  } else {
    const record = await jobs.get(jobKey(id));
    if (record?.state === 'failed') failed.push(record);
  }
  return failed;
}
