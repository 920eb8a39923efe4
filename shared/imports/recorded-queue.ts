import type { Records } from '../records.ts';
import type { ImportJob } from './import-job.ts';
import { type JobRecord, jobKey, queuedRecord } from './job-record.ts';
import type { JobQueue } from './ports.ts';

/**
 * The job queue with a record for every job, written before the job is sent: a job can be looked up from the
 * moment it is queued, and one that runs at once finds its record there. A repeat leaves the record alone.
 */
export function createRecordedQueue(
  queue: JobQueue,
  jobs: Records<JobRecord>,
  now: () => Date = () => new Date(),
): JobQueue {
  return {
    async send(batch) {
      await recordQueued(jobs, batch, now());
      await queue.send(batch);
    },
    sendAt: (job, at) => queue.sendAt(job, at),
  };
}

async function recordQueued(
  jobs: Pick<Records<JobRecord>, 'updateAll'>,
  batch: readonly ImportJob[],
  now: Date,
): Promise<void> {
  const changes = batch.map((job) => ({
    ...jobKey(job),
    isNew: true,
    change: (current: JobRecord | undefined) => current ?? queuedRecord(job, now),
  }));
  const groups = [...Map.groupBy(changes, ({ partition }) => partition)];
  const results = await Promise.all(groups.map(([partition, group]) => jobs.updateAll(partition, group)));
  const failed = results.flat().find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
