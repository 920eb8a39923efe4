import type { Records } from '../records.ts';
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
      await Promise.all(
        batch.map((job) => jobs.update(jobKey(job.id), (current) => current ?? queuedRecord(job, now()))),
      );
      await queue.send(batch);
    },
    sendAt: (job, at) => queue.sendAt(job, at),
  };
}
