import pLimit from 'p-limit';
import { type CostFacts, costOfPlan, notingChildren, type PlannedCost } from '../budget/index.ts';
import { processEnvironment } from '../config/index.ts';
import type { Digest } from '../content/index.ts';
import {
  chooseActiveWatches,
  type ExpandedWatches,
  explainWatch,
  failedPlan,
  failureOf,
  planWatches,
  type SyncOptions,
  type SyncReport,
  syncWatches,
  type WatchExplanation,
  type WatchPlan,
} from '../mirror/index.ts';
import type { PullAllowance, RegistryClient } from '../registry/index.ts';
import { type LoadOptions, loadConfiguration, registryClientOfUser } from './connect.ts';
import { connectService } from './connect-service.ts';

const WATCHES_AT_ONCE = 8;

export interface ChooseOptions extends LoadOptions {
  /** Names of watches or patterns. Default: all. Paused ones are never used. */
  readonly watches?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A plan, and what its imports will cost where the source's registry announced a limit. */
export interface PlannedWatch extends WatchPlan {
  readonly cost?: PlannedCost | undefined;
}

/**
 * Plans watches from what upstream and targets hold now; needs a configuration and no stored state.
 * @throws InvalidInputError `E_ARGUMENT` for a name that no watch has, or when all that are named are paused; the
 * signal's reason
 */
export async function planFromConfiguration(options: ChooseOptions = {}): Promise<readonly PlannedWatch[]> {
  return await withChosenWatches(options, async ({ watches, failures }, registry, announced) => {
    const children = new Map<Digest, number>();
    const plans = await planWatches(watches, notingChildren(children, registry), options.signal);
    const byName = new Map(watches.map((watch) => [watch.name, watch]));
    const costOf = ({ watch, inspection }: WatchPlan) => {
      const planned = byName.get(watch);
      return planned && costOfPlan(inspection.plan, planned, { announced, children });
    };
    return [
      ...plans.map((plan) => ({ ...plan, cost: costOf(plan) })),
      ...failures.map(({ watch, error }) => failedPlan(watch, error)),
    ];
  });
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
 * Makes targets hold what the watches select upstream, now and without a queue. Stored state is used only when the
 * command is run with the settings of a service.
 * @throws InvalidInputError `E_ARGUMENT` for a name that no watch has, or when all that are named are paused; the
 * signal's reason
 */
export async function syncFromConfiguration(
  options: ChooseOptions & Omit<SyncOptions, 'service' | 'now'> = {},
): Promise<SyncReport> {
  return await withChosenWatches(options, async ({ watches, failures }, registry) => {
    const { service, close } = await connectService(options);
    const report = await syncWatches(watches, registry, { ...options, service }).finally(close);
    const failed = failures.map(({ watch, error }) => ({
      ...failedPlan(watch, error),
      outcomes: [],
      kept: [],
    }));
    return { ...report, watches: [...report.watches, ...failed] };
  });
}

/** Runs with a registry client that is closed afterwards. */
async function withChosenWatches<T>(
  { watches: names = [], signal, ...options }: ChooseOptions,
  run: (chosen: ExpandedWatches, registry: RegistryClient, announced: CostFacts['announced']) => Promise<T>,
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
