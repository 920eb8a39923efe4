import pLimit from 'p-limit';
import { pullsPerImage } from '../budget/index.ts';
import { processEnvironment } from '../config/index.ts';
import {
  type ExpandedWatches,
  explainWatch,
  failureOf,
  type Watch,
  type WatchExplanation,
} from '../mirror/index.ts';
import type { PullAllowance, RegistryClient } from '../registry/index.ts';
import { chooseActiveWatches } from './choose-watches.ts';
import { registryClientOfUser } from './connect-configured.ts';
import { type LoadOptions, loadConfiguration } from './load-configuration.ts';
import { failedPlan, type PlannedCost, planWatches, type WatchPlan } from './plan-watches.ts';
import { type SyncOptions, type SyncReport, syncWatches } from './sync-watches.ts';

const WATCHES_AT_ONCE = 8;

export interface ChooseOptions extends LoadOptions {
  /** Names of watches or patterns. Default: all. Paused ones are left alone either way. */
  readonly watches?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Plans watches from what upstream and targets hold now; needs a configuration and no stored state.
 * @throws InvalidInputError `E_ARGUMENT` for a name that no watch has, or when all that are named are paused; the
 * signal's reason
 */
export async function planFromConfiguration(options: ChooseOptions = {}): Promise<readonly WatchPlan[]> {
  return await withChosenWatches(options, async ({ watches, failures }, registry, announced) => [
    ...(await planWatches(watches, registry, options.signal)).map((plan, at) => ({
      ...plan,
      cost: costOf(plan, watches[at], announced),
    })),
    ...failures.map(({ watch, error }) => failedPlan(watch, error)),
  ]);
}

/**
 * Says of each tag that upstream lists whether a watch takes it, and why; asks the targets nothing.
 * @throws InvalidInputError `E_ARGUMENT` for a name that no watch has, or when all that are named are paused; the
 * signal's reason
 */
export async function explainFromConfiguration(
  options: ChooseOptions = {},
): Promise<readonly WatchExplanation[]> {
  const { signal } = options;
  return await withChosenWatches(options, async ({ watches, failures }, registry) => [
    ...(await pLimit(WATCHES_AT_ONCE).map(watches, (watch) => explainWatch(watch, { registry }, { signal }))),
    ...failures.map(({ watch, error }) => ({ watch, tags: [], unmatched: [], errors: [failureOf(error)] })),
  ]);
}

/**
 * Makes targets hold what the watches select upstream, now and without queue or stored state.
 * @throws InvalidInputError `E_ARGUMENT` for a name that no watch has, or when all that are named are paused; the
 * signal's reason
 */
export async function syncFromConfiguration(options: ChooseOptions & SyncOptions = {}): Promise<SyncReport> {
  return await withChosenWatches(options, async ({ watches, failures }, registry) => {
    const report = await syncWatches(watches, registry, options);
    const failed = failures.map(({ watch, error }) => ({ ...failedPlan(watch, error), outcomes: [] }));
    return { ...report, watches: [...report.watches, ...failed] };
  });
}

/** Runs with a registry client that is closed afterwards. */
async function withChosenWatches<T>(
  { watches: names = [], signal, ...options }: ChooseOptions,
  run: (
    chosen: ExpandedWatches,
    registry: RegistryClient,
    announced: ReadonlyMap<string, PullAllowance>,
  ) => Promise<T>,
): Promise<T> {
  const { config } = await loadConfiguration(options);
  const announced = new Map<string, PullAllowance>();
  const env = options.environment ?? processEnvironment();
  const registry = registryClientOfUser(config, env, ({ registry: name, pulls }) => {
    if (pulls) announced.set(name, pulls);
  });
  try {
    const chosen = await chooseActiveWatches(config, names, { registry }, { signal });
    return await run(chosen, registry, announced);
  } finally {
    await registry.close();
  }
}

function costOf(
  { survey, children }: WatchPlan,
  watch: Watch | undefined,
  announced: ReadonlyMap<string, PullAllowance>,
): PlannedCost | undefined {
  const allowance = watch && announced.get(watch.source.registry);
  if (!allowance) return undefined;
  const pulls = survey.plan.changes
    .map(({ sighting }) => pullsPerImage(watch.platforms.length, children.get(sighting.digest)))
    .reduce((sum, each) => sum + each, 0);
  return { registry: watch.source.registry, pulls, allowance };
}
