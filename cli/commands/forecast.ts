import { Command, InvalidArgumentError } from 'commander';
import { type ConfigurationForecast, forecastFromConfiguration } from '../../shared/app/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, describeSeconds } from '../format.ts';
import { configOption, jsonOption } from '../options.ts';
import type { Run } from '../run.ts';

interface ForecastFlags {
  readonly config?: string;
  readonly offline?: boolean;
  readonly changesPerMonth: number;
}

type Registry = ConfigurationForecast['registries'][number];
type Watch = ConfigurationForecast['watches'][number];

/** `--json` has all of them. */
const SHOWN_WATCHES = 20;

/** `longshore forecast`: what a configuration will cost at each upstream. Changes nothing, pulls nothing. */
export function forecastCommand(run: Run): Command {
  return new Command('forecast')
    .addOption(configOption('configuration to forecast'))
    .option('--offline', 'send no requests; assume what only upstream knows')
    .option('--changes-per-month <count>', 'how often each upstream tag moves', changes, 4)
    .addOption(jsonOption())
    .action(({ config, ...flags }: ForecastFlags) =>
      run(async ({ streams, output, environment }) => {
        const result = await forecastFromConfiguration({
          ...flags,
          environment,
          configFile: config,
          signal: streams.signal,
        });
        output.result(result, describe(result));
        return exitCodeFor(result);
      }),
    );
}

/** An incomplete forecast cannot say whether the configuration fits. */
function exitCodeFor({ registries, gaps }: ConfigurationForecast): number {
  const hasFailed = gaps.some(({ code }) => code !== undefined);
  return hasFailed || registries.some(({ fits }) => fits === false) ? EXIT.failed : EXIT.ok;
}

function describe({ assumptions, registries, watches, gaps }: ConfigurationForecast): readonly string[] {
  const rest = watches.length - SHOWN_WATCHES;
  return [
    ...registries.flatMap(describeRegistry),
    '',
    ...columns([
      ['WATCH', 'TAGS', 'PULLS/IMAGE', 'TARGETS', 'FIRST FILL', 'PULLS/WINDOW', 'REQUESTS/POLL'],
      ...watches.slice(0, SHOWN_WATCHES).map(describeWatch),
    ]),
    ...(rest > 0 ? [`… and ${rest} more with lower cost; see --json`] : []),
    '',
    `Assumed: each tag moves ${assumptions.changesPerMonth} times a month${assumedNote(watches)}.`,
    ...describeFed(watches),
    ...gaps.map(({ watch, code, message }) =>
      code === undefined ? `? ${watch}  ${message}` : `! ${watch}  ${code}  ${message}`,
    ),
  ];
}

function assumedNote(watches: readonly Watch[]): string {
  return watches.some(({ assumed }) => assumed.length > 0) ? '; numbers marked ~ are estimates' : '';
}

function describeFed(watches: readonly Watch[]): readonly string[] {
  const fed = watches.filter(({ fedBy }) => fedBy !== undefined);
  if (fed.length === 0) return [];
  const webhooks = [...new Set(fed.map(({ fedBy }) => fedBy))].join(', ');
  return [
    `Assumed: ${countOf(fed.length, 'watch', 'watches')} with webhook notifications, polled only every pollEvery (${webhooks}).`,
  ];
}

function describeRegistry(registry: Registry): readonly string[] {
  const { limit, windowSeconds, keptBack, pullsPerWindow, requestsPerWindow, firstFillPulls, fits } =
    registry;
  const window = describeSeconds(windowSeconds);
  const of = limit === null ? '' : ` of ${limit}`;
  const keeping = keptBack > 0 ? ` (${keptBack} kept back)` : '';
  const note = limit === null ? ' (no limit known)' : keeping;
  const mark = fits === false ? '  DOES NOT FIT' : '';
  return [
    `${registry.registry}: ${pullsPerWindow}${of} pulls per ${window}${note}, ${requestsPerWindow} other requests${mark}`,
    `  first fill: ${firstFillPulls} pulls${fillTime(registry)}`,
    ...(registry.remaining === null ? [] : [`  remaining now: ${registry.remaining} pulls`]),
  ];
}

function fillTime({ limit, firstFillSeconds }: Registry): string {
  if (limit === null) return '';
  if (firstFillSeconds === null) return ', never: everything is reserved';
  return firstFillSeconds === 0 ? ', within one window' : `, at least ${describeSeconds(firstFillSeconds)}`;
}

function describeWatch(watch: Watch): readonly string[] {
  const mark = (name: Watch['assumed'][number]) => (watch.assumed.includes(name) ? '~' : '');
  return [
    watch.watch,
    `${mark('tags')}${watch.tags}`,
    `${mark('pullsPerImage')}${watch.pullsPerImage}`,
    String(watch.targets),
    String(watch.firstFillPulls),
    String(watch.pullsPerWindow),
    String(watch.requestsPerPoll),
  ];
}

function changes(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100_000))
    throw new InvalidArgumentError('Expected a number of changes a month, such as 4 or 0.5.');
  return value;
}
