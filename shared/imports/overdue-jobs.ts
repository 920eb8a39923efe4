import type { Records, SearchableRecords } from '../records.ts';
import { type ImportJob, importJobSchema } from './import-job.ts';
import {
  earlierJobKey,
  type JobRecord,
  type JobState,
  jobKey,
  moveEarlierJob,
  resent,
} from './job-record.ts';
import type { JobQueue } from './ports.ts';

const MINUTE_MS = 60_000;
/** Longer than a worker needs to receive a message that is due, when the queue is short. */
const OVERDUE_AFTER_MS = 15 * MINUTE_MS;
/** Longer than a worker may take. */
const LONGEST_RUN_MS = 135 * MINUTE_MS;
const UNFINISHED: readonly JobState[] = ['queued', 'held', 'running'];
const MAX_READ = 10_000;

/** Whether a worker should have had the job's message long ago. It may still wait in a long queue. */
export function isOverdue(record: JobRecord, now: Date): boolean {
  const { state, queuedAt, dueAt, heldUntil, startedAt } = record;
  const since = (time: string | undefined) => now.getTime() - Date.parse(time ?? queuedAt);
  if (state === 'queued') return since(dueAt) > OVERDUE_AFTER_MS;
  if (state === 'held') return since(heldUntil) > OVERDUE_AFTER_MS;
  return state === 'running' && since(startedAt) > LONGEST_RUN_MS;
}

/** The unfinished jobs whose message should have been received long ago. */
export async function overdueJobs(
  jobs: Pick<SearchableRecords<JobRecord>, 'search'>,
  now: Date,
): Promise<readonly JobRecord[]> {
  const found = await Promise.all(UNFINISHED.map((state) => jobs.search({ equals: { state } }, MAX_READ)));
  return found.flat().flatMap(({ value }) => (isOverdue(value, now) ? [value] : []));
}

/**
 * Sends a job again whose message is missing. The message comes before the record: after a crash in between it is found
 * in the queue. A job that a worker has had since it was read is left out.
 * @returns whether it was sent
 */
export async function resendJob(
  read: JobRecord,
  {
    jobs,
    queue,
    now,
  }: {
    readonly jobs: Pick<Records<JobRecord>, 'get' | 'update' | 'remove'>;
    readonly queue: Pick<JobQueue, 'send'>;
    readonly now: () => Date;
  },
): Promise<boolean> {
  const key = jobKey(read);
  await moveEarlierJob(jobs, read);
  await jobs.remove(earlierJobKey(read.id));
  if (resent(await jobs.get(key), read, now()) === undefined) return false;
  const job: ImportJob = importJobSchema.parse(read);
  await queue.send([job]);
  await jobs.update(key, (current) => resent(current, read, now()) ?? current);
  return true;
}
