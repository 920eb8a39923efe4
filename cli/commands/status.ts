import { Command, InvalidArgumentError, Option } from 'commander';
import prettyBytes from 'pretty-bytes';
import { loadApp } from '../../shared/app/index.ts';
import { JOB_STATES, type JobRecord, type JobState } from '../../shared/imports/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import type { Run } from '../program.ts';
import { withShortDigests } from '../short-digest.ts';

interface StatusFlags {
  readonly state?: JobState;
  readonly limit: number;
}

/** `longshore status`: how many jobs are in which state, and the latest of them. */
export function statusCommand(run: Run): Command {
  return new Command('status')
    .description('show import jobs: how many in which state, and the latest')
    .addOption(new Option('--state <state>', 'show only jobs in this state').choices(JOB_STATES))
    .option('--limit <count>', 'show at most this many jobs', positive, 20)
    .option('--json', 'print the result as JSON')
    .action(({ state, limit }: StatusFlags) =>
      run(async ({ output, environment }) => {
        const app = await loadApp({ environment });
        try {
          const all = await Array.fromAsync(app.jobs());
          const counts = Object.fromEntries(
            JOB_STATES.map((one) => [one, all.filter((job) => job.state === one).length]),
          );
          const shown = all
            .filter((job) => !state || job.state === state)
            .sort((a, b) => latest(b).localeCompare(latest(a)))
            .slice(0, limit);
          output.result({ counts, jobs: shown }, describe(counts, shown));
          return EXIT.ok;
        } finally {
          await app.close();
        }
      }),
    );
}

function describe(counts: Readonly<Record<string, number>>, jobs: readonly JobRecord[]): readonly string[] {
  const total = Object.entries(counts).map(([state, count]) => `${count} ${state}`);
  if (jobs.length === 0) return [total.join(', ')];
  return [
    total.join(', '),
    '',
    ...columns([
      ['STATE', 'SINCE', 'JOB', 'TARGET', 'DIGEST', 'SIZE', 'DETAIL'],
      ...jobs.map((job) => [
        job.state,
        `${latest(job).slice(0, 19).replace('T', ' ')}Z`,
        job.id,
        job.target,
        withShortDigests(job.digest),
        sizeOf(job),
        withShortDigests(`${job.errorCode ? `${job.errorCode}: ` : ''}${job.detail ?? job.reason}`),
      ]),
    ]),
  ];
}

function latest({ finishedAt, startedAt, queuedAt }: JobRecord): string {
  return finishedAt ?? startedAt ?? queuedAt;
}

function sizeOf({ state, bytesDone, bytesTotal }: JobRecord): string {
  if (bytesTotal === 0) return '';
  const total = prettyBytes(bytesTotal);
  return state === 'running' ? `${prettyBytes(bytesDone)} of ${total}` : total;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a number from 1 on.');
  return value;
}
