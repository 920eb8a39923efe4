import type { BudgetState, Pause } from '../../budget/index.ts';
import { type JobStatus, type JobStatusOptions, jobStatus } from '../../imports/index.ts';
import type { WatchFreshness, WatchStatus } from '../../mirror/index.ts';
import type { Ports } from '../ports.ts';
import type { ImportsPart } from './imports.ts';
import type { MirrorPart } from './mirror.ts';
import type { Part } from './part.ts';
import type { RegistriesPart } from './registries.ts';

/** What a person, a page or a collector wants to see, from records alone. */
export interface Status extends JobStatus {
  readonly watches: readonly WatchStatus[];
  /** Of each watch at most as many tags that are behind as jobs were asked for. */
  readonly freshness: readonly WatchFreshness[];
  readonly budgets: readonly BudgetState[];
  readonly pauses: readonly Pause[];
}

export interface StatusFacade {
  /** Reads what the limit needs, not every job. */
  status(options?: Partial<JobStatusOptions>): Promise<Status>;
}

const DEFAULT_LIMIT = 20;

export function statusPart(
  { clock }: Pick<Ports, 'clock'>,
  { facade: budget }: RegistriesPart,
  { tables }: ImportsPart,
  { status: watchStatus }: MirrorPart,
): Part<StatusFacade> {
  return {
    facade: {
      async status({ state, limit = DEFAULT_LIMIT } = {}) {
        const [jobs, watches, freshness, budgets, pauses] = await Promise.all([
          jobStatus(tables.jobs, { state, limit }, clock.now()),
          watchStatus.watches(),
          watchStatus.freshness({ limit }),
          Array.fromAsync(budget.budgets()),
          Array.fromAsync(budget.pauses()),
        ]);
        return { ...jobs, watches, freshness, budgets, pauses };
      },
    },
  };
}
