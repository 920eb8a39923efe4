import type { JobRecord } from './job-record.ts';
import type { UploadRecord } from './upload-sessions.ts';

/** What else is known of the target tag of a job. */
export interface JobStanding {
  /** The job is what the current observation of the tag asked for: how fresh the copy is follows from it. */
  readonly isCurrent: boolean;
  /** Nobody would do it again: something observed later was asked for, or put there, or its source is not watched any more. */
  readonly isObsolete: boolean;
}

/**
 * Whether the record of a job tells nothing any more that somebody may need: the job ended before `before`, and the copy
 * it made is not the current one. A failed one can be queued again until it expires.
 */
export function isJobExpired(
  { state, finishedAt }: JobRecord,
  { isCurrent, isObsolete }: JobStanding,
  before: Date,
): boolean {
  if (isCurrent || finishedAt === undefined || Date.parse(finishedAt) >= before.getTime()) return false;
  return state === 'succeeded' || state === 'unchanged' || (state === 'failed' && isObsolete);
}

/** Whether no worker has the upload, and its record is older than `before`. */
export function isUploadExpired({ leaseUntil, upload }: UploadRecord, before: Date): boolean {
  return [leaseUntil, upload?.keptAt].every(
    (time) => time === undefined || Date.parse(time) < before.getTime(),
  );
}
