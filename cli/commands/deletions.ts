import { Command } from 'commander';
import { InvalidInputError } from '../../shared/errors.ts';
import type { DeletionOutcome, ListedProposal } from '../../shared/mirror/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, shortTime, withShortDigests } from '../format.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { withApp } from '../with-app.ts';

/** `longshore deletions`: what upstream deleted, and what of it shall go here too. Only `approve` ever deletes a copy. */
export function deletionsCommand(run: Run): Command {
  return new Command('deletions').addCommand(listCommand(run)).addCommand(approveCommand(run));
}

function listCommand(run: Run): Command {
  return new Command('list')
    .description('show the copies proposed for deletion; exit code 3 when there are none')
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
A copy is proposed when its watch says "deletions: propose" and upstream lacks the tag
for seven days. Nothing is deleted before it is approved.
`;

function approveCommand(run: Run): Command {
  return new Command('approve')
    .description('delete copies that are proposed, after asking upstream once more')
    .argument('[target...]', 'target tags, as list shows them')
    .option('--all', 'everything that is proposed')
    .addOption(jsonOption())
    .addHelpText('after', APPROVE_HELP)
    .action((targets: readonly string[], { all = false }: { readonly all?: boolean }) =>
      run(async (context) => {
        if (all === targets.length > 0) {
          throw new InvalidInputError(
            'E_ARGUMENT',
            'Expected either target tags or --all. See what is proposed with: longshore deletions list',
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
A tag is deleted only if upstream lacks it still and it names what was copied. What is
kept says why, and the others go on. Exit code 3: nothing was deleted, 1: something
failed.

Examples:
  longshore deletions approve acme.azurecr.io/base/node:21
  longshore deletions approve --all
`;

function exitCodeFor(outcomes: readonly DeletionOutcome[]): number {
  if (outcomes.some(({ state }) => state === 'failed')) return EXIT.failed;
  return outcomes.some(({ state }) => state === 'deleted') ? EXIT.ok : EXIT.nothingToDo;
}

function describeProposals(proposals: readonly ListedProposal[]): readonly string[] {
  if (proposals.length === 0) return ['No copy is proposed for deletion.'];
  return columns([
    ['TARGET', 'SOURCE', 'DIGEST', 'GONE SINCE', 'ALSO NAMED BY'],
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
  nothing: 'was not there any more',
} as const;

function describeOutcomes(outcomes: readonly DeletionOutcome[]): readonly string[] {
  const deleted = outcomes.filter(({ state }) => state === 'deleted');
  return [
    `${countOf(deleted.length, 'copy', 'copies')} deleted`,
    ...columns(outcomes.map(describeOutcome), '  '),
  ];
}

function describeOutcome(outcome: DeletionOutcome): readonly string[] {
  switch (outcome.state) {
    case 'deleted':
      return [`- ${outcome.target}`, withShortDigests(outcome.digest), REMOVED[outcome.removed]];
    case 'kept':
      return [`= ${outcome.target}`, `kept: ${withShortDigests(outcome.reason)}`];
    case 'failed':
      return [`! ${outcome.target}`, outcome.code, outcome.message];
  }
}
