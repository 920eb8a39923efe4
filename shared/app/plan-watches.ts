import pLimit from 'p-limit';
import { failureOf, NO_REQUESTS, type Survey, surveyWatch, type Watch } from '../mirror/index.ts';
import type { PullAllowance, RegistryClient } from '../registry/index.ts';
import { observationsInTargets } from './observations-in-targets.ts';
import { withoutTrimmedCopies } from './trimmed-copies.ts';

export interface WatchPlan {
  readonly watch: string;
  readonly survey: Survey;
  /** Manifests read upstream, to tell copies of some platforms from tags that moved. */
  readonly pulls: number;
  /** Target repositories (`host/repository`) that have no tags yet. */
  readonly emptyTargets: ReadonlySet<string>;
  /** What the imports will cost at the source's registry, where that announced a limit. */
  readonly cost?: PlannedCost | undefined;
}

export interface PlannedCost {
  readonly registry: string;
  /** About so many. */
  readonly pulls: number;
  /** What may be pulled there and what of that is left, whoever spends it. */
  readonly allowance: PullAllowance;
}

const WATCHES_AT_ONCE = 8;

/**
 * What each watch would import now, from what upstream and targets hold: by listings and HEADs, writing nothing. A
 * watch about which nothing can be found out has that among its errors; only an abort throws, the signal's reason.
 */
export async function planWatches(
  watches: readonly Watch[],
  registry: Pick<RegistryClient, 'repository'>,
  signal?: AbortSignal,
): Promise<readonly WatchPlan[]> {
  return await pLimit(WATCHES_AT_ONCE).map(watches, async (watch) => {
    const observations = observationsInTargets(registry, watch, signal);
    const { emptyTargets } = observations;
    const ports = { registry, observations, now: () => new Date() };
    const surveyed = await surveyWatch(watch, ports, { signal });
    const { survey, pulls } = await withoutTrimmedCopies(watch, surveyed, registry, signal);
    return { watch: watch.name, emptyTargets, survey, pulls };
  });
}

/** The plan of a watch, or a pattern, about which nothing can be found out. */
export function failedPlan(watch: string, error: unknown): WatchPlan {
  return {
    watch,
    emptyTargets: new Set(),
    pulls: 0,
    survey: {
      plan: { changes: [], unchanged: 0, gone: [], presence: [] },
      selected: [],
      unmatched: [],
      requests: NO_REQUESTS,
      disagreements: [],
      gone: [],
      errors: [failureOf(error)],
      memory: { scope: '', present: 0, unmatched: [] },
    },
  };
}
