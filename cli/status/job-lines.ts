import prettyBytes from 'pretty-bytes';
import type { JobRecord } from '../../shared/imports/index.ts';
import { columns } from '../columns.ts';
import { shortTime, withShortDigests } from '../format.ts';

/** Number of jobs by state, and some of the jobs, for people. */
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

/** Time of the job's last event, ISO 8601. */
export function latest({ finishedAt, startedAt, queuedAt }: JobRecord): string {
  return finishedAt ?? startedAt ?? queuedAt;
}

function sizeOf({ state, bytesDone, bytesTotal }: JobRecord): string {
  if (bytesTotal === 0) return '';
  const total = prettyBytes(bytesTotal);
  return state === 'running' ? `${prettyBytes(bytesDone)} of ${total}` : total;
}
