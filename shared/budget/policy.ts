/** What an operator says of the budget of one registry. */
export interface BudgetPolicy {
  /** Pulls that are never spent, for people and builds that use the same account or address. Default: none. */
  readonly reserve?: { readonly percent: number } | { readonly pulls: number } | undefined;
  /** Pulls per window for a registry that announces none; where it does, the smaller counts. */
  readonly limit?: number | undefined;
  /** Belongs to `limit`, in milliseconds. */
  readonly windowMs?: number | undefined;
}

/** Pulls that stay untouched out of `limit`. */
export function floorOf({ reserve }: BudgetPolicy, limit: number): number {
  if (!reserve) return 0;
  return 'pulls' in reserve ? reserve.pulls : Math.ceil((limit * reserve.percent) / 100);
}
