import { Command } from 'commander';
import type { PollRequests, WatchReport } from '../../shared/mirror/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, withShortDigests } from '../format.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { watchNotes } from '../watch-notes.ts';
import { withApp } from '../with-app.ts';

interface PollFlags {
  readonly config?: string;
  readonly watch?: readonly string[];
}

/** `longshore poll`: what the timer does, but at once and for watches that are not due too. */
export function pollCommand(run: Run): Command {
  return new Command('poll')
    .option('--config <file>', 'configuration to poll with (default: that of the functions)')
    .option('--watch <name...>', 'only these watches (default: all except paused ones)')
    .addOption(jsonOption())
    .action(({ config, watch }: PollFlags) =>
      run(({ streams, output, environment }) =>
        withApp({ configFile: config, environment }, async (app) => {
          const { watches } = await app.poll({
            force: true,
            watches: watch,
            signal: streams.signal,
          });
          output.result({ watches }, watches.flatMap(describe));
          return watches.some(({ errors }) => errors.length > 0) ? EXIT.failed : EXIT.ok;
        }),
      ),
    );
}

function describe({
  watch,
  selected,
  requests,
  queued,
  unchanged,
  gone,
  health,
  errors,
}: WatchReport): readonly string[] {
  return [
    `${watch}: ${countOf(selected.length, 'tag')}, ${queued.length} queued, ${unchanged} unchanged  (${costOf(requests)})`,
    ...columns(
      queued.map(({ id, target, digest, reason }) => [
        `+ ${target}`,
        withShortDigests(digest),
        `job ${id}`,
        withShortDigests(reason),
      ]),
      '  ',
    ),
    ...watchNotes({ gone, errors }),
    ...(health && health.state !== 'healthy' && errors.length === 0
      ? [`  ! ${health.state}  ${withShortDigests(health.reason)}`]
      : []),
  ];
}

function costOf({ listings, heads, target }: PollRequests): string {
  const upstream = `${countOf(listings, 'listing')}, ${countOf(heads, 'HEAD')}`;
  return target > 0 ? `${upstream}; ${target} at the targets` : upstream;
}
