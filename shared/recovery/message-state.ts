import { isOverdue, type JobRecord } from '../imports/index.ts';
import type { MessageLocations } from './locate-messages.ts';

/**
 * Where the message of an unfinished job is. `queued`: a worker can have it, or has it. `scheduled`: for a later time.
 * `dead-lettered`: the broker gave it up, and the sweeper has not taken it back yet. `missing`: it is nowhere.
 */
export type MessageState = 'queued' | 'scheduled' | 'dead-lettered' | 'missing';

/** Decides that for a job; `undefined` for one that has ended, or that a worker has. */
export function messageStateOf(
  job: JobRecord,
  { queued, deadLettered, isComplete }: MessageLocations,
  now: Date,
): MessageState | undefined {
  if (job.state !== 'queued' && job.state !== 'held' && job.state !== 'running') return undefined;
  if (deadLettered.has(job.id) && !queued.has(job.id)) return 'dead-lettered';
  if (isOverdue(job, now) && isComplete && !queued.has(job.id)) return 'missing';
  const at = job.heldUntil ?? job.dueAt;
  if (job.state !== 'running' && at !== undefined && Date.parse(at) > now.getTime()) return 'scheduled';
  return job.state === 'running' ? undefined : 'queued';
}
