import { Command, Option } from 'commander';
import type { WatchStatus } from '../../shared/app/index.ts';
import { JOB_STATES, type JobState } from '../../shared/imports/index.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonOption, positive } from '../options.ts';
import type { Run } from '../run.ts';
import { budgetLines } from '../status/budget-lines.ts';
import { jobLines } from '../status/job-lines.ts';
import { behindLines, watchLines } from '../status/watch-lines.ts';
import { withApp } from '../with-app.ts';

interface StatusFlags {
  readonly state?: JobState;
  readonly limit: number;
}

/** `longshore status`: import jobs, watch status, lag and its reasons, and budgets. */
export function statusCommand(run: Run): Command {
  return new Command('status')
    .addOption(new Option('--state <state>', 'show only jobs in this state').choices(JOB_STATES))
    .option('--limit <count>', 'show at most this many jobs, and tags that are behind', positive, 20)
    .addOption(jsonOption())
    .action(({ state, limit }: StatusFlags) =>
      run(({ output, environment }) =>
        withApp({ environment }, async (app) => {
          const { watches, ...status } = await app.status({ state, limit });
          const { counts, countedInPart, jobs, freshness, budgets, pauses } = status;
          const result = { ...status, watches: watches.map(withoutMemory) };
          output.result(result, [
            ...jobLines(counts, countedInPart, jobs),
            ...watchLines(watches, freshness),
            ...behindLines(freshness, limit),
            ...budgetLines(budgets, pauses),
          ]);
          return EXIT.ok;
        }),
      ),
    );
}

/** Without the checkpoint for the next poll, which is internal. */
function withoutMemory({ memory, ...record }: WatchStatus) {
  return { ...record, unmatched: memory?.unmatched ?? [], overrides: memory?.overrides ?? [] };
}
