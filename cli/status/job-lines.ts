import prettyBytes from 'pretty-bytes';
import type { JobRecord } from '../../shared/imports/index.ts';
import { columns } from '../columns.ts';
import { shortTime, withShortDigests } from '../format.ts';

/** How many jobs are in which state, and some of them, for people. */
export function jobLines(
  counts: Readonly<Record<string, number>>,
  jobs: readonly JobRecord[],
): readonly string[] {
  const total = Object.entries(counts).map(([state, count]) => `${count} ${state}`);
  if (jobs.length === 0) return [total.join(', ')];
  return [
    total.join(', '),
    '',
    ...columns([
      ['STATE', 'SINCE', 'JOB', 'TARGET', 'DIGEST', 'SIZE', 'DETAIL'],
      ...jobs.map((job) => [
        job.state,
        shortTime(latest(job)),
        job.id,
        job.target,
        withShortDigests(job.digest),
        sizeOf(job),
        withShortDigests(`${job.errorCode ? `${job.errorCode}: ` : ''}${job.detail ?? job.reason}`),
      ]),
    ]),
  ];
}

/** When something last happened to the job, ISO 8601. */
export function latest({ finishedAt, startedAt, queuedAt }: JobRecord): string {
  return finishedAt ?? startedAt ?? queuedAt;
}

function sizeOf({ state, bytesDone, bytesTotal }: JobRecord): string {
  if (bytesTotal === 0) return '';
  const total = prettyBytes(bytesTotal);
  return state === 'running' ? `${prettyBytes(bytesDone)} of ${total}` : total;
}
