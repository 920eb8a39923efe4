import pLimit from 'p-limit';
import type { RegistryClient } from '../../registry/index.ts';
import { inspectWatch, pollCaches, type WatchInspection } from '../inspection/index.ts';
import type { Watch } from '../watches/index.ts';
import { failureOf, NO_REQUESTS } from '../watches/index.ts';
import { observationsInTargets } from './observations-in-targets.ts';
import { withoutTrimmedCopies } from './trimmed-copies.ts';

export interface WatchPlan {
  readonly watch: string;
  readonly inspection: WatchInspection;
  /** Manifests read upstream, to tell copies of some platforms from tags that moved. */
  readonly pulls: number;
  /** Target repositories (`host/repository`) that have no tags yet. */
  readonly emptyTargets: ReadonlySet<string>;
}

const WATCHES_AT_ONCE = 8;

/**
 * What each watch would import now, from what upstream and targets hold: by listings and HEADs, writing nothing.
 * Watches of one source share what it answers. One about which nothing can be found out has that among its errors;
 * only an abort throws, the signal's reason.
 */
export async function planWatches(
  watches: readonly Watch[],
  registry: Pick<RegistryClient, 'repository'>,
  signal?: AbortSignal,
): Promise<readonly WatchPlan[]> {
  const shared = pollCaches(watches);
  return await pLimit(WATCHES_AT_ONCE).map(watches, async (watch) => {
    const observations = observationsInTargets(registry, watch, signal);
    const { emptyTargets } = observations;
    const ports = { registry, observations, now: () => new Date() };
    const surveyed = await inspectWatch(watch, ports, { shared: shared(watch), signal });
    const { inspection, pulls } = await withoutTrimmedCopies(watch, surveyed, registry, signal);
    return { watch: watch.name, emptyTargets, inspection, pulls };
  });
}

/** The plan of a watch, or a pattern, about which nothing can be found out. */
export function failedPlan(watch: string, error: unknown): WatchPlan {
  return {
    watch,
    emptyTargets: new Set(),
    pulls: 0,
    inspection: {
      plan: { changes: [], unchanged: 0, gone: [], presence: [] },
      selected: [],
      unmatched: [],
      requests: NO_REQUESTS,
      disagreements: [],
      gone: [],
      goneWithoutCopy: [],
      errors: [failureOf(error)],
      memory: { scope: '', present: 0, unmatched: [] },
    },
  };
}
