import pLimit from 'p-limit';
import { codeOf, describeError } from '../errors.ts';
import { type Survey, surveyWatch, type Watch } from '../mirror/index.ts';
import type { RegistryClient } from '../registry/index.ts';
import { observationsInTargets } from './observations-in-targets.ts';

export interface WatchPlan {
  readonly watch: string;
  readonly survey: Survey;
}

const WATCHES_AT_ONCE = 4;

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
    const ports = { registry, observations, now: () => new Date() };
    try {
      return { watch: watch.name, survey: await surveyWatch(watch, ports, { signal }) };
    } catch (error) {
      signal?.throwIfAborted();
      return { watch: watch.name, survey: failedSurvey(error) };
    }
  });
}

function failedSurvey(error: unknown): Survey {
  return {
    plan: { changes: [], unchanged: 0, gone: [], presence: [] },
    selected: [],
    unmatched: [],
    requests: { listings: 0, heads: 0 },
    errors: [{ code: codeOf(error), message: describeError(error) }],
  };
}
