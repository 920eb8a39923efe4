import prettyBytes from 'pretty-bytes';
import { JOB_STATES, type JobRecord, type JobStatus, lastEventAt } from '../../shared/imports/index.ts';
import { columns } from '../columns.ts';
import { shortTime, withShortDigests } from '../format.ts';

/** Number of jobs by state, and some of the jobs, for people. */
export function jobLines(
  counts: JobStatus['counts'],
  countedInPart: JobStatus['countedInPart'],
  jobs: readonly JobRecord[],
): readonly string[] {
  const total = JOB_STATES.map((state) => {
    const more = countedInPart.includes(state) ? '+' : '';
    return `${counts[state].toLocaleString('en')}${more} ${state}`;
  });
  if (jobs.length === 0) return [total.join(', ')];
  return [
    total.join(', '),
    '',
    ...columns([
      ['STATE', 'SINCE', 'JOB', 'TARGET', 'DIGEST', 'SIZE', 'DETAIL'],
      ...jobs.map((job) => [
        job.state,
        shortTime(lastEventAt(job)),
        job.id,
        job.target,
        withShortDigests(job.digest),
        sizeOf(job),
        withShortDigests(`${job.errorCode ? `${job.errorCode}: ` : ''}${job.detail ?? job.reason}`),
      ]),
    ]),
  ];
}

function sizeOf({ state, bytesDone, bytesTotal }: JobRecord): string {
  if (bytesTotal === 0) return '';
  const total = prettyBytes(bytesTotal);
  return state === 'running' ? `${prettyBytes(bytesDone)} of ${total}` : total;
}
