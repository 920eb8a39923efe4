import { Command, InvalidArgumentError, Option } from 'commander';
import prettyBytes from 'pretty-bytes';
import { loadApp } from '../../shared/app/index.ts';
import { JOB_STATES, type JobRecord, type JobState } from '../../shared/imports/index.ts';
import { EXIT } from '../exit-codes.ts';
import type { Run } from '../program.ts';

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
          output.result({ counts, jobs: shown }, [countsLine(counts), ...shown.flatMap(describe)]);
          return EXIT.ok;
        } finally {
          await app.close();
        }
      }),
    );
}

function countsLine(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
}

function latest({ finishedAt, startedAt, queuedAt }: JobRecord): string {
  return finishedAt ?? startedAt ?? queuedAt;
}

function describe(job: JobRecord): readonly string[] {
  const bytes = job.bytesTotal > 0 ? `  ${prettyBytes(job.bytesDone)} of ${prettyBytes(job.bytesTotal)}` : '';
  return [
    `${job.state.padEnd(9)}  ${latest(job)}  ${job.target}${bytes}`,
    `           ${job.errorCode ? `${job.errorCode}: ` : ''}${job.detail ?? job.reason}`,
  ];
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a number from 1 on.');
  return value;
}
