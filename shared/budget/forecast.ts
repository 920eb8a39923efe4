import { type BudgetPolicy, floorOf } from './policy.ts';

/** What is known, or assumed, of one watch. */
export interface WatchFacts {
  readonly watch: string;
  /** Of the source. */
  readonly registry: string;
  readonly pollsPerDay: number;
  /** Upstream's tags that it takes. */
  readonly tags: number;
  /** Requests of a poll at the source, at most. None of them is a pull. */
  readonly requestsPerPoll: number;
  /** Pulls that one image costs on average: its manifest or index, and what of that is copied. */
  readonly pullsPerImage: number;
  /** The webhook that is taken to tell of every change, so that polls need not; `pollsPerDay` has that in it. */
  readonly fedBy?: string | undefined;
  /** Each reads for itself. */
  readonly targets: number;
  /** Which of the numbers above were assumed, not found out. */
  readonly assumed: readonly ('tags' | 'pullsPerImage')[];
}

/** What limits pulls at a registry; no `limit`: nothing that is known. */
export interface RegistryFacts {
  readonly limit?: number | undefined;
  readonly windowSeconds?: number | undefined;
  /** Left in the current window. */
  readonly remaining?: number | undefined;
  readonly policy: BudgetPolicy;
}

export interface Assumptions {
  /** How often upstream moves each tag. */
  readonly changesPerMonth: number;
}

export interface WatchForecast extends WatchFacts {
  readonly pollsPerWindow: number;
  readonly requestsPerWindow: number;
  readonly firstFillPulls: number;
  /** In the long run. */
  readonly pullsPerWindow: number;
}

export interface RegistryForecast {
  readonly registry: string;
  readonly limit: number | null;
  readonly windowSeconds: number;
  readonly remaining: number | null;
  readonly keptBack: number;
  readonly requestsPerWindow: number;
  readonly pullsPerWindow: number;
  readonly firstFillPulls: number;
  /** How long the first fill takes when it spends every window; `null`: as long as the bytes take, or for ever. */
  readonly firstFillSeconds: number | null;
  /** Whether windows hold what is spent in the long run; `null`: no limit is known. */
  readonly fits: boolean | null;
}

export interface Forecast {
  readonly assumptions: Assumptions;
  readonly registries: readonly RegistryForecast[];
  /** Those that cost most pulls first. */
  readonly watches: readonly WatchForecast[];
}

const DAY_SECONDS = 24 * 60 * 60;
const MONTH_SECONDS = 30 * DAY_SECONDS;

/** What a configuration is going to spend at each upstream, per window of its limit, or per day where it has none. */
export function forecast(
  watches: readonly WatchFacts[],
  registryFacts: (registry: string) => RegistryFacts,
  assumptions: Assumptions,
): Forecast {
  const byRegistry = Map.groupBy(watches, ({ registry }) => registry);
  const forecasts = [...byRegistry].map(([registry, members]) => {
    const limits = limitsOf(registryFacts(registry));
    const own = members.map((facts) => forecastWatch(facts, limits.windowSeconds, assumptions));
    return { own, registry: forecastRegistry(registry, limits, own) };
  });
  return {
    assumptions,
    registries: forecasts.map(({ registry }) => registry).sort((a, b) => b.pullsPerWindow - a.pullsPerWindow),
    watches: forecasts
      .flatMap(({ own }) => own)
      .sort((a, b) => b.pullsPerWindow - a.pullsPerWindow || b.firstFillPulls - a.firstFillPulls),
  };
}

interface Limits {
  readonly limit: number | null;
  readonly windowSeconds: number;
  readonly remaining: number | null;
  readonly keptBack: number;
}

/** Of an announced and a configured limit the one that allows less a second. */
function limitsOf({ limit, windowSeconds, remaining, policy }: RegistryFacts): Limits {
  const announced = limit !== undefined && windowSeconds !== undefined ? { limit, windowSeconds } : undefined;
  const configured =
    policy.limit !== undefined && policy.windowMs !== undefined
      ? { limit: policy.limit, windowSeconds: policy.windowMs / 1000 }
      : undefined;
  const [tightest] = [announced, configured]
    .filter((one) => one !== undefined)
    .sort((a, b) => a.limit / a.windowSeconds - b.limit / b.windowSeconds);
  if (!tightest) return { limit: null, windowSeconds: DAY_SECONDS, remaining: null, keptBack: 0 };
  return { ...tightest, remaining: remaining ?? null, keptBack: floorOf(policy, tightest.limit) };
}

function forecastWatch(
  facts: WatchFacts,
  windowSeconds: number,
  { changesPerMonth }: Assumptions,
): WatchForecast {
  const pollsPerWindow = (facts.pollsPerDay * windowSeconds) / DAY_SECONDS;
  const pullsPerTag = facts.pullsPerImage * facts.targets;
  // A tag that moves more often than it is polled is imported once per poll, or per notification.
  const pollsPerMonth = facts.pollsPerDay * (MONTH_SECONDS / DAY_SECONDS);
  const looksPerMonth = facts.fedBy === undefined ? pollsPerMonth : Number.POSITIVE_INFINITY;
  const importsPerMonth = facts.tags * Math.min(changesPerMonth, looksPerMonth);
  const toldPerWindow =
    facts.fedBy === undefined ? 0 : (facts.tags * changesPerMonth * windowSeconds) / MONTH_SECONDS;
  return {
    ...facts,
    pollsPerWindow: round(pollsPerWindow),
    requestsPerWindow: round(pollsPerWindow * facts.requestsPerPoll + toldPerWindow),
    firstFillPulls: Math.round(facts.tags * pullsPerTag),
    pullsPerWindow: round((importsPerMonth * pullsPerTag * windowSeconds) / MONTH_SECONDS),
  };
}

function forecastRegistry(
  registry: string,
  limits: Limits,
  watches: readonly WatchForecast[],
): RegistryForecast {
  const sum = (of: (watch: WatchForecast) => number) =>
    round(watches.reduce((total, watch) => total + of(watch), 0));
  const pullsPerWindow = sum((watch) => watch.pullsPerWindow);
  const firstFillPulls = sum((watch) => watch.firstFillPulls);
  const usable = limits.limit === null ? null : Math.max(limits.limit - limits.keptBack, 0);
  return {
    registry,
    ...limits,
    requestsPerWindow: sum((watch) => watch.requestsPerWindow),
    pullsPerWindow,
    firstFillPulls,
    firstFillSeconds: usable ? fillSeconds(firstFillPulls, usable, limits.windowSeconds) : null,
    fits: usable === null ? null : pullsPerWindow <= usable,
  };
}

/** What fits into the first window is done in no time; every further one has to be waited for. */
function fillSeconds(pulls: number, perWindow: number, windowSeconds: number): number {
  return Math.max(Math.ceil(pulls / perWindow) - 1, 0) * windowSeconds;
}

/** A tenth tells something of few only. */
function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
}
