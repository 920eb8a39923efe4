import { Command } from 'commander';
import type { PruningReport } from '../../shared/retention/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf } from '../format.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { withApp } from '../with-app.ts';

/** `longshore prune`: deletes expired records, as a timer does once a day. */
export function pruneCommand(run: Run): Command {
  return new Command('prune')
    .option('--dry-run', 'only count expired records (skips checks that depend on earlier deletions)')
    .addOption(jsonOption())
    .action(({ dryRun = false }: { readonly dryRun?: boolean }) =>
      run(({ streams: { signal }, output, environment }) =>
        withApp({ environment }, async (app) => {
          const tables = await app.prune({ dryRun, signal });
          output.result({ tables, dryRun }, describe(tables, dryRun));
          if (tables.some(({ error }) => error)) return EXIT.failed;
          return tables.some(({ removed }) => removed > 0) ? EXIT.ok : EXIT.nothingToDo;
        }),
      ),
    );
}

function describe(tables: readonly PruningReport[], dryRun: boolean): readonly string[] {
  const total = tables.reduce((sum, { removed }) => sum + removed, 0);
  return [
    `${countOf(total, 'record')} ${dryRun ? 'would be removed' : 'removed'}`,
    ...columns(
      tables
        .filter(({ examined, error }) => examined > 0 || error)
        .map(({ name, removed, examined, isComplete, error }) => [
          name,
          `${removed} of ${examined} older than the retention period`,
          error ? `! ${error.code}  ${error.message}` : isComplete ? '' : 'more in the next run',
        ]),
      '  ',
    ),
  ];
}
