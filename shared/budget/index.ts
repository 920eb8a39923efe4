/** What may be pulled from each upstream: a ledger that all workers share, and what a configuration is going to spend. */
export type { BudgetState } from './budget-state.ts';
export { type Budgets, createBudgets } from './budgets.ts';
export {
  type Forecast,
  forecast,
  type RegistryFacts,
  type WatchFacts,
} from './forecast.ts';

export { type Ledger, ledgerSchema } from './ledger.ts';
export { outsidePauses } from './outside-pauses.ts';
export { type Pause, pauseSchema } from './pauses.ts';
export { type CostFacts, costOfPlan, notingChildren, type PlannedCost } from './plan-cost.ts';
export type { BudgetPolicy } from './policy.ts';
export { pollsPerDay } from './polls-per-day.ts';
export { type FactsPorts, type ForecastGap, factsFromUpstream, factsOffline } from './watch-facts.ts';
