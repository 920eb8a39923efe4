import type { BudgetState, Pause } from '../../shared/budget/index.ts';
import { columns } from '../columns.ts';
import { describeSeconds, shortTime } from '../format.ts';

/** Budgets and pauses, for people; nothing where none is known. */
export function budgetLines(budgets: readonly BudgetState[], pauses: readonly Pause[]): readonly string[] {
  return [
    ...(budgets.length === 0 ? [] : ['', ...budgetTable(budgets)]),
    ...pauses.map(({ registry, api, until }) => {
      const what = api === 'web' ? `the tag listing of ${registry}` : registry;
      return `  ! no requests to ${what} until ${shortTime(new Date(until).toISOString())}`;
    }),
  ];
}

function budgetTable(budgets: readonly BudgetState[]): readonly string[] {
  return columns([
    ['BUDGET', 'COUNTS', 'LIMIT', 'LEFT', 'RESERVED', 'KEPT BACK', 'AS OF', 'NEXT FREE'],
    ...budgets.map((budget) => [
      budget.registry,
      budget.account,
      budget.limit === null ? 'none' : `${budget.limit} per ${describeSeconds(budget.windowSeconds ?? 0)}`,
      budget.available === null ? '' : String(budget.available),
      String(budget.reserved),
      String(budget.keptBack),
      budget.announcedAt === null ? '' : shortTime(budget.announcedAt),
      nextFree(budget),
    ]),
  ]);
}

function nextFree({ freeAt, queuedUntil }: BudgetState): string {
  if (freeAt === null) return 'now';
  return `${shortTime(freeAt)}${queuedUntil === null ? '' : `, queued work until ${shortTime(queuedUntil)}`}`;
}
