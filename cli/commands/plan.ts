import { Command } from 'commander';
import {
  explainFromConfiguration,
  type PlannedWatch,
  planFromConfiguration,
} from '../../shared/app/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, describeSeconds, inNameOrder, withShortDigests } from '../format.ts';
import { configOption, jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { watchNotes } from '../watch-notes.ts';
import { explainSelection } from './explain-selection.ts';

interface PlanFlags {
  readonly config?: string;
  readonly watch?: readonly string[];
  readonly explain?: boolean;
}

/** `longshore plan`: what would be imported now and why. Changes nothing, pulls nothing. */
export function planCommand(run: Run): Command {
  return new Command('plan')
    .addOption(configOption('configuration to plan with'))
    .option('--watch <name...>', 'only these watches (default: all except paused ones)')
    .option('--explain', 'for every upstream tag, show whether it is selected and by which rule')
    .addOption(jsonOption())
    .action(({ config, watch, explain = false }: PlanFlags) =>
      run(async ({ streams, output, environment }) => {
        const options = { environment, configFile: config, watches: watch, signal: streams.signal };
        if (explain) return explainSelection(await explainFromConfiguration(options), output);
        const plans = await planFromConfiguration(options);
        output.result({ watches: plans.map(summary) }, plans.flatMap(describe));
        if (plans.some(({ inspection }) => inspection.errors.length > 0)) return EXIT.failed;
        return plans.some(({ inspection }) => inspection.plan.changes.length > 0)
          ? EXIT.ok
          : EXIT.nothingToDo;
      }),
    );
}

function summary({ watch, inspection, cost }: PlannedWatch) {
  const { plan, selected, unmatched, requests, errors } = inspection;
  return {
    watch,
    selected,
    requests,
    ...(cost && { cost }),
    changes: plan.changes.map(({ observed, reason }) => ({
      source: observed.source,
      target: observed.target,
      digest: observed.digest,
      reason,
    })),
    unchanged: plan.unchanged,
    gone: plan.gone,
    unmatched,
    errors,
  };
}

function describe({ watch, inspection, pulls, cost: budget }: PlannedWatch): readonly string[] {
  const { plan, selected, unmatched, requests, errors } = inspection;
  const cost = `${countOf(requests.listings, 'listing')}, ${countOf(requests.heads, 'HEAD')}, ${pulls === 0 ? 'no pulls' : countOf(pulls, 'pull')}`;
  return [
    `${watch}: ${countOf(selected.length, 'tag')}, ${plan.changes.length} to import, ${plan.unchanged} unchanged  (${cost})`,
    ...columns(
      inNameOrder(plan.changes, ({ observed }) => observed.target).map(
        ({ observed: { target, digest }, reason }) => [
          `+ ${target}`,
          withShortDigests(digest),
          withShortDigests(reason),
        ],
      ),
      '  ',
    ),
    ...(budget && budget.pulls > 0 ? [describeCost(budget)] : []),
    ...watchNotes({ gone: plan.gone, unmatched, errors }),
  ];
}

function describeCost({ registry, pulls, allowance }: NonNullable<PlannedWatch['cost']>): string {
  const { limit, remaining, windowSeconds } = allowance;
  return `  = about ${countOf(pulls, 'pull')} of ${registry}; ${remaining} of ${limit} per ${describeSeconds(windowSeconds)} are left`;
}
