import { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import { type SyncReport, syncFromConfiguration, type WatchSync } from '../../shared/app/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, inNameOrder, withShortDigests } from '../format.ts';
import { configOption, jsonOption } from '../options.ts';
import { showCopyProgress } from '../progress.ts';
import type { Run } from '../run.ts';
import { describeOverride, watchNotes } from '../watch-notes.ts';

interface SyncFlags {
  readonly config?: string;
  readonly watch?: readonly string[];
  readonly dryRun?: boolean;
}

/**
 * `longshore sync`: copies what watches select and targets lack, at once. Needs only registries; with the settings of a
 * service, its records too.
 */
export function syncCommand(run: Run): Command {
  return new Command('sync')
    .addOption(configOption('configuration to sync with'))
    .option('--watch <name...>', 'only these watches (default: all except paused ones)')
    .option('--dry-run', 'show what would be copied and copy nothing')
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action(({ config, watch, dryRun }: SyncFlags) =>
      run(async ({ streams, output, environment }) => {
        const progress = await showCopyProgress(streams);
        const report = await syncFromConfiguration({
          environment,
          configFile: config,
          watches: watch,
          dryRun,
          signal: streams.signal,
          onProgress: (value) => progress.update(value),
        }).finally(() => progress.stop());
        output.result(summary(report), describe(report));
        return exitCodeFor(report);
      }),
    );
}

const EXAMPLES = `
It compares source and target each time, so it can run anywhere and be repeated. A failure does not stop
the other copies; run it again for the rest. With the settings of a service it uses the service's records:
what a person placed under a tag is kept until the tag moves upstream.

Examples:
  longshore sync
  longshore sync --config mirrors.yaml --watch node python --dry-run
`;

function exitCodeFor({ watches }: SyncReport): number {
  const hasFailed = watches.some(
    ({ inspection, outcomes }) =>
      inspection.errors.length > 0 || outcomes.some(({ state }) => state === 'failed'),
  );
  if (hasFailed) return EXIT.failed;
  const hasChanges = watches.some(({ inspection, outcomes }) =>
    outcomes.length > 0
      ? outcomes.some(({ state }) => state === 'succeeded')
      : inspection.plan.changes.length > 0,
  );
  return hasChanges ? EXIT.ok : EXIT.nothingToDo;
}

function summary({ watches, copied }: SyncReport) {
  return {
    dryRun: copied === undefined,
    watches: watches.map(({ watch, inspection, outcomes, kept }) => ({
      watch,
      selected: inspection.selected,
      requests: inspection.requests,
      changes: inspection.plan.changes.map(({ observed: { source, target, digest }, reason }, at) => ({
        source,
        target,
        digest,
        reason,
        ...(outcomes[at] ?? { state: 'planned' }),
      })),
      unchanged: inspection.plan.unchanged,
      kept,
      gone: inspection.plan.gone,
      unmatched: inspection.unmatched,
      errors: inspection.errors,
    })),
    ...copied,
  };
}

function describe({ watches, copied }: SyncReport): readonly string[] {
  const lines = watches.flatMap((one) => describeWatch(one, copied === undefined));
  if (!copied || copied.images === 0) return lines;
  const { images, blobs, referrers, bytesUploaded } = copied;
  const parts = [
    countOf(images, 'image'),
    `${countOf(blobs.uploaded, 'blob')} uploaded (${prettyBytes(bytesUploaded)})`,
    ...(blobs.mounted > 0 ? [`${blobs.mounted} mounted`] : []),
    ...(blobs.existing > 0 ? [`${blobs.existing} there already`] : []),
    ...(referrers.copied > 0 ? [countOf(referrers.copied, 'referrer')] : []),
  ];
  return [...lines, `Copied ${parts.join(', ')}`];
}

function describeWatch(
  { watch, inspection, outcomes, kept }: WatchSync,
  isDryRun: boolean,
): readonly string[] {
  const { plan, selected, unmatched, errors } = inspection;
  const changes = plan.changes.map((change, at) => ({ ...change, outcome: outcomes[at] }));
  const superseded = outcomes.flatMap((outcome, at) => {
    const target = plan.changes[at]?.observed.target;
    return outcome.state === 'unchanged' && outcome.detail !== undefined && target !== undefined
      ? [[`= ${target}`, outcome.detail]]
      : [];
  });
  const count = (state: string) => outcomes.filter((outcome) => outcome.state === state).length;
  const failed = count('failed');
  const unchanged = plan.unchanged + count('unchanged');
  const done = isDryRun ? `${plan.changes.length} to import` : `${count('succeeded')} imported`;
  return [
    `${watch}: ${countOf(selected.length, 'tag')}, ${done}, ${unchanged} unchanged${failed > 0 ? `, ${failed} failed` : ''}`,
    ...columns(
      inNameOrder(changes, ({ observed }) => observed.target).flatMap(({ observed, reason, outcome }) => {
        const { target, digest } = observed;
        if (outcome?.state === 'unchanged') return [];
        if (outcome?.state === 'failed') return [[`! ${target}`, outcome.code, outcome.message]];
        return [[`+ ${target}`, withShortDigests(outcome?.digest ?? digest), withShortDigests(reason)]];
      }),
      '  ',
    ),
    ...columns([...kept.map((one) => [`= ${one.target}`, describeOverride(one)]), ...superseded], '  '),
    ...watchNotes({ gone: plan.gone, unmatched, errors }),
  ];
}
