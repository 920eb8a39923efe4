import { Command } from 'commander';
import { loadConfiguration } from '../../shared/app/index.ts';
import { formatReference, type RepositoryName } from '../../shared/content/index.ts';
import {
  describeSchedule,
  formatRepositoryPattern,
  isPattern,
  type RepositoryPattern,
} from '../../shared/mirror/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf } from '../format.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';

/** `longshore config check`: lists every problem of a configuration with file, line and column. */
export function configCommand(run: Run): Command {
  return new Command('config').addCommand(
    new Command('check')
      .description('validate a configuration and list every problem with its line')
      .argument('[file]', 'configuration to check (default: LONGSHORE_CONFIG, or ./longshore.yaml)')
      .addOption(jsonOption())
      .action((file: string | undefined) =>
        run(async ({ output, environment }) => {
          const { config, from } = await loadConfiguration({ configFile: file, environment });
          const configured = [...config.watches, ...config.patterns];
          const watches = configured.map(({ name, source, targets, schedule, paused = false }) => ({
            name,
            source: format(source),
            targets: targets.map(format),
            schedule: describeSchedule(schedule),
            paused,
          }));
          output.result({ file: from, problems: [], watches }, [
            `${from} is valid: ${countOf(watches.length, 'watch', 'watches')}`,
            ...columns(
              watches.map(({ name, source, targets, schedule, paused }) => [
                name,
                `${source} -> ${targets.join(', ')}`,
                paused ? 'paused' : schedule,
              ]),
              '  ',
            ),
          ]);
          return EXIT.ok;
        }),
      ),
  );
}

function format(repository: RepositoryName | RepositoryPattern): string {
  return isPattern(repository) ? formatRepositoryPattern(repository) : formatReference(repository);
}
