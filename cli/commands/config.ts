import { Command } from 'commander';
import { loadConfiguration } from '../../shared/app/index.ts';
import { formatReference } from '../../shared/content/index.ts';
import { columns } from '../columns.ts';
import { countOf } from '../count-of.ts';
import { EXIT } from '../exit-codes.ts';
import type { Run } from '../program.ts';

/** `longshore config check`: lists every problem of a configuration with file, line and column. */
export function configCommand(run: Run): Command {
  return new Command('config').description('work with the configuration').addCommand(
    new Command('check')
      .description('check a configuration and list every problem with its line')
      .argument('[file]', 'configuration to check (default: ./longshore.yaml)')
      .option('--json', 'print the result as JSON')
      .action((file: string | undefined) =>
        run(async ({ output, environment }) => {
          const { config, from } = await loadConfiguration({ configFile: file, environment });
          const watches = config.watches.map(({ name, source, targets, schedule }) => ({
            name,
            source: formatReference(source),
            targets: targets.map(formatReference),
            schedule,
          }));
          output.result({ file: from, problems: [], watches }, [
            `${from} is valid: ${countOf(watches.length, 'watch', 'watches')}`,
            ...columns(
              watches.map(({ name, source, targets, schedule }) => [
                name,
                `${source} -> ${targets.join(', ')}`,
                schedule,
              ]),
              '  ',
            ),
          ]);
          return EXIT.ok;
        }),
      ),
  );
}
