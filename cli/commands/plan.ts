import { Command } from 'commander';
import { planFromConfiguration, type WatchPlan } from '../../shared/app/index.ts';
import { columns } from '../columns.ts';
import { countOf } from '../count-of.ts';
import { EXIT } from '../exit-codes.ts';
import type { Run } from '../program.ts';
import { withShortDigests } from '../short-digest.ts';

/** `longshore plan`: what a poll would queue now and why. Changes nothing, pulls nothing. */
export function planCommand(run: Run): Command {
  return new Command('plan')
    .description('show what would be imported and why; exit code 3 when nothing would')
    .option('--config <file>', 'configuration to plan with (default: ./longshore.yaml)')
    .option('--json', 'print the result as JSON')
    .action(({ config }: { readonly config?: string }) =>
      run(async ({ streams, output, environment }) => {
        const plans = await planFromConfiguration({
          environment,
          configFile: config,
          signal: streams.signal,
        });
        output.result({ watches: plans.map(summary) }, plans.flatMap(describe));
        if (plans.some(({ survey }) => survey.errors.length > 0)) return EXIT.failed;
        return plans.some(({ survey }) => survey.plan.changes.length > 0) ? EXIT.ok : EXIT.nothingToDo;
      }),
    );
}

function summary({ watch, survey }: WatchPlan) {
  const { plan, selected, unmatched, requests, errors } = survey;
  return {
    watch,
    selected,
    requests,
    changes: plan.changes.map(({ sighting, reason }) => ({
      source: sighting.source,
      target: sighting.target,
      digest: sighting.digest,
      reason,
    })),
    unchanged: plan.unchanged,
    gone: plan.gone,
    unmatched,
    errors,
  };
}

function describe({ watch, survey }: WatchPlan): readonly string[] {
  const { plan, selected, unmatched, requests, errors } = survey;
  const cost = `${countOf(requests.listings, 'listing')}, ${countOf(requests.heads, 'HEAD')}, no pulls`;
  return [
    `${watch}: ${countOf(selected.length, 'tag')}, ${plan.changes.length} to import, ${plan.unchanged} unchanged  (${cost})`,
    ...columns(
      plan.changes.map(({ sighting: { target, digest }, reason }) => [
        `+ ${target}`,
        withShortDigests(digest),
        withShortDigests(reason),
      ]),
      '  ',
    ),
    ...plan.gone.map((tag) => `  - ${tag}  no longer upstream; the local copy stays`),
    ...unmatched.map((rule) => `  ? ${rule}  matches no tag`),
    ...errors.map(({ code, message }) => `  ! ${code}  ${message}`),
  ];
}
