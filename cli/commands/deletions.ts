import { Command } from 'commander';
import { InvalidInputError } from '../../shared/errors.ts';
import type { DeletionOutcome, ListedProposal } from '../../shared/mirror/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, shortTime, withShortDigests } from '../format.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { withApp } from '../with-app.ts';

/** `longshore deletions`: tags that were deleted upstream. Only `approve` deletes a copy. */
export function deletionsCommand(run: Run): Command {
  return new Command('deletions').addCommand(listCommand(run)).addCommand(approveCommand(run));
}

function listCommand(run: Run): Command {
  return new Command('list')
    .description('list the tags proposed for deletion; exit code 3 if none')
    .addOption(jsonOption())
    .addHelpText('after', LIST_HELP)
    .action(() =>
      run(async (context) =>
        withApp(context, async ({ deletions }) => {
          const proposals = await deletions.list();
          context.output.result({ proposals }, describeProposals(proposals));
          return proposals.length > 0 ? EXIT.ok : EXIT.nothingToDo;
        }),
      ),
    );
}

const LIST_HELP = `
A tag is proposed when its watch has "deletions: propose" and upstream has lacked the
tag for seven days. Nothing is deleted without approval.
`;

function approveCommand(run: Run): Command {
  return new Command('approve')
    .description('delete proposed tags, after checking upstream again')
    .argument('[target...]', 'target tags, as shown by list')
    .option('--all', 'all proposed tags')
    .addOption(jsonOption())
    .addHelpText('after', APPROVE_HELP)
    .action((targets: readonly string[], { all = false }: { readonly all?: boolean }) =>
      run(async (context) => {
        if (all === targets.length > 0) {
          throw new InvalidInputError(
            'E_ARGUMENT',
            'Expected either target tags or --all. List the proposals with: longshore deletions list',
          );
        }
        return await withApp(context, async ({ deletions }) => {
          const { signal } = context.streams;
          const outcomes = await deletions.approve(all ? 'all' : targets, { signal });
          context.output.result({ outcomes }, describeOutcomes(outcomes));
          return exitCodeFor(outcomes);
        });
      }),
    );
}

const APPROVE_HELP = `
A tag is deleted only if upstream still lacks it and it still has the copied digest.
Otherwise it is retained, with the reason. Exit code 3: nothing was deleted, 1: some
deletion failed.

Examples:
  longshore deletions approve acme.azurecr.io/base/node:21
  longshore deletions approve --all
`;

function exitCodeFor(outcomes: readonly DeletionOutcome[]): number {
  if (outcomes.some(({ state }) => state === 'failed')) return EXIT.failed;
  return outcomes.some(({ state }) => state === 'deleted') ? EXIT.ok : EXIT.nothingToDo;
}

function describeProposals(proposals: readonly ListedProposal[]): readonly string[] {
  if (proposals.length === 0) return ['No tag is proposed for deletion.'];
  return columns([
    ['TARGET', 'SOURCE', 'DIGEST', 'DELETED UPSTREAM', 'ALSO NAMED BY'],
    ...proposals.map(({ target, source, digest, goneSince, alsoNamedBy }) => [
      target,
      source,
      withShortDigests(digest),
      shortTime(goneSince),
      alsoNamedBy.join(', '),
    ]),
  ]);
}

const REMOVED = {
  tag: 'tag deleted',
  manifest: 'deleted with its manifest',
  nothing: 'was already deleted',
} as const;

function describeOutcomes(outcomes: readonly DeletionOutcome[]): readonly string[] {
  const deleted = outcomes.filter(({ state }) => state === 'deleted');
  return [`${countOf(deleted.length, 'tag')} deleted`, ...columns(outcomes.map(describeOutcome), '  ')];
}

function describeOutcome(outcome: DeletionOutcome): readonly string[] {
  switch (outcome.state) {
    case 'deleted':
      return [`- ${outcome.target}`, withShortDigests(outcome.digest), REMOVED[outcome.removed]];
    case 'retained':
      return [`= ${outcome.target}`, `retained: ${withShortDigests(outcome.reason)}`];
    case 'failed':
      return [`! ${outcome.target}`, outcome.code, outcome.message];
  }
}
