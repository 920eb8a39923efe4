import { readableRecords } from '../record-schema.ts';
import type { Records } from '../records.ts';
import { type ImportJob, importJobSchema } from './import-job.ts';
import { isRetryable, type JobRecord, jobKey, revived } from './job-record.ts';
import type { JobQueue } from './ports.ts';

export interface RetryPorts {
  readonly jobs: Pick<Records<JobRecord>, 'get' | 'list' | 'update'>;
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
  for (const record of await chosenJobs(jobs, job, state)) {
    signal?.throwIfAborted();
    const again = importJobSchema.parse(record);
    await queue.sendAt(again, now());
    await jobs.update(jobKey(record.id), (current) => revived(current, record));
    queued.push(again);
  }
  return queued;
}

async function chosenJobs(
  jobs: RetryPorts['jobs'],
  id: string | undefined,
  state: JobRecord['state'],
): Promise<readonly JobRecord[]> {
  const chosen: JobRecord[] = [];
  if (id === undefined) {
    for await (const { value } of readableRecords(jobs.list())) if (value.state === state) chosen.push(value);
  } else {
    const record = await jobs.get(jobKey(id));
    if (record && isRetryable(record)) chosen.push(record);
  }
  return chosen;
}
