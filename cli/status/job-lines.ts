import prettyBytes from 'pretty-bytes';
import type { ShownJob } from '../../shared/app/index.ts';
import { JOB_STATES, type JobRecord, type JobStatus, lastEventAt } from '../../shared/imports/index.ts';
import { columns } from '../columns.ts';
import { shortTime, withShortDigests } from '../format.ts';

/** Number of jobs by state, and some of the jobs, for people. */
export function jobLines(
  counts: JobStatus['counts'],
  countedInPart: JobStatus['countedInPart'],
  jobs: readonly ShownJob[],
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
        shownState(job),
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

/** The state, or for a job that waits where its message is. */
function shownState({ state, message, dueAt }: ShownJob): string {
  if (state === 'held' && message !== 'missing' && message !== 'dead-lettered') return state;
  if (message === 'scheduled' && dueAt) return `scheduled ${shortTime(dueAt)}`;
  return message ?? state;
}

function sizeOf({ state, bytesDone, bytesTotal }: JobRecord): string {
  if (bytesTotal === 0) return '';
  const total = prettyBytes(bytesTotal);
  return state === 'running' ? `${prettyBytes(bytesDone)} of ${total}` : total;
}
