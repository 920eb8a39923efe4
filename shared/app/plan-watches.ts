import pLimit from 'p-limit';
import { estimateChildren } from '../budget/index.ts';
import type { Digest } from '../content/index.ts';
import {
  failureOf,
  NO_REQUESTS,
  type Survey,
  shareAnswers,
  surveyWatch,
  type Watch,
} from '../mirror/index.ts';
import type { PullAllowance, RegistryClient } from '../registry/index.ts';
import { observationsInTargets } from './observations-in-targets.ts';
import { withoutTrimmedCopies } from './trimmed-copies.ts';

export interface WatchPlan {
  readonly watch: string;
  readonly survey: Survey;
  /** Manifests read upstream, to tell copies of some platforms from tags that moved. */
  readonly pulls: number;
  /** About how many manifests each image names that a HEAD told of. */
  readonly children: ReadonlyMap<Digest, number>;
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
 * What each watch would import now, from what upstream and targets hold: by listings and HEADs, writing nothing.
 * Watches of one source share what it answers. One about which nothing can be found out has that among its errors;
 * only an abort throws, the signal's reason.
 */
export async function planWatches(
  watches: readonly Watch[],
  registry: Pick<RegistryClient, 'repository'>,
  signal?: AbortSignal,
): Promise<readonly WatchPlan[]> {
  const children = new Map<Digest, number>();
  const shared = shareAnswers(watches);
  return await pLimit(WATCHES_AT_ONCE).map(watches, async (watch) => {
    const observations = observationsInTargets(registry, watch, signal);
    const { emptyTargets } = observations;
    const ports = { registry: noting(children, registry), observations, now: () => new Date() };
    const surveyed = await surveyWatch(watch, ports, { shared: shared(watch), signal });
    const { survey, pulls } = await withoutTrimmedCopies(watch, surveyed, registry, signal);
    return { watch: watch.name, emptyTargets, survey, pulls, children };
  });
}

/** Writes down what HEADs tell of how many manifests an image names. */
function noting(
  children: Map<Digest, number>,
  registry: Pick<RegistryClient, 'repository'>,
): Pick<RegistryClient, 'repository'> {
  return {
    repository(name) {
      const repository = registry.repository(name);
      return {
        ...repository,
        async resolve(tagOrDigest, options) {
          const found = await repository.resolve(tagOrDigest, options);
          if (found) children.set(found.digest, estimateChildren(found));
          return found;
        },
      };
    },
  };
}

/** The plan of a watch, or a pattern, about which nothing can be found out. */
export function failedPlan(watch: string, error: unknown): WatchPlan {
  return {
    watch,
    emptyTargets: new Set(),
    pulls: 0,
    children: new Map(),
    survey: {
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
