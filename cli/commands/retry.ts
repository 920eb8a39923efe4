import { Command } from 'commander';
import { InvalidInputError } from '../../shared/errors.ts';
import type { ImportJob } from '../../shared/imports/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, withShortDigests } from '../format.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { withApp } from '../with-app.ts';

interface RetryFlags {
  readonly all?: boolean;
  readonly held?: boolean;
}

/**
 * `longshore retry`: queues failed jobs again. A poll does not, so until then they stay failed. A job that a policy holds
 * is checked again now rather than at its time.
 */
export function retryCommand(run: Run): Command {
  return new Command('retry')
    .argument('[job...]', 'ids of the jobs, as shown by status')
    .option('--all', 'queue every failed job again')
    .option('--held', 'check every job again now that a policy holds')
    .addOption(jsonOption())
    .action((ids: readonly string[], { all = false, held = false }: RetryFlags) =>
      run(async ({ streams: { signal }, output, environment }) => {
        if ((all || held) === ids.length > 0) {
          throw new InvalidInputError(
            'E_ARGUMENT',
            'Expected either the ids of jobs, or --all for the failed ones, or --held for the held ones. See them with: longshore status --state failed',
          );
        }
        return await withApp({ environment }, async (app) => {
          const queued: ImportJob[] = [];
          const notFailed: string[] = [];
          if (all) queued.push(...(await app.retryJobs({ signal })));
          if (held) queued.push(...(await app.retryJobs({ state: 'held', signal })));
          for (const job of new Set(ids)) {
            const again = await app.retryJobs({ job, signal });
            if (again.length === 0) notFailed.push(job);
            queued.push(...again);
          }
          output.result({ queued, notFailed }, describe(queued, notFailed));
          return queued.length > 0 ? EXIT.ok : EXIT.nothingToDo;
        });
      }),
    );
}

function describe(queued: readonly ImportJob[], notFailed: readonly string[]): readonly string[] {
  return [
    `${countOf(queued.length, 'job')} queued again`,
    ...columns(
      queued.map(({ id, target, digest }) => [`+ ${target}`, withShortDigests(digest), `job ${id}`]),
      '  ',
    ),
    ...notFailed.map((id) => `  ! job ${id}  is unknown, or neither failed nor held`),
  ];
}
