import pLimit from 'p-limit';
import { createAzureClients } from '../azure/index.ts';
import {
  estimateChildren,
  type Forecast,
  forecast,
  pollsPerDay,
  pullsPerImage,
  type WatchFacts,
} from '../budget/index.ts';
import { type Config, dockerCredentials, processEnvironment } from '../config/index.ts';
import { formatReference } from '../content/index.ts';
import {
  chooseWatches,
  createTagSelector,
  explainWatch,
  failureOf,
  needsListing,
  type Watch,
} from '../mirror/index.ts';
import {
  listingSupport,
  type PullAllowance,
  type RateLimitReport,
  type RegistryClient,
} from '../registry/index.ts';
import { withRest } from '../webhooks/index.ts';
import { type LoadOptions, loadConfiguration } from './load-configuration.ts';
import { registryClientFor } from './registries.ts';

export interface ForecastOptions extends LoadOptions {
  /** How often upstream moves each tag. */
  readonly changesPerMonth: number;
  /** Asks no registry: what only upstream knows is assumed. */
  readonly offline?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConfigurationForecast extends Forecast {
  readonly gaps: readonly ForecastGap[];
}

/** A watch about which something could not be found out, or a pattern that was not looked into. */
export interface ForecastGap {
  readonly watch: string;
  /** Of the failure; missing where nothing failed. */
  readonly code?: string | undefined;
  readonly message: string;
}

/** What is taken for granted where upstream was not asked. */
const ASSUMED_TAGS = 10;
const TAGS_PER_LISTING_PAGE = 1_000;
const TAGS_PER_DIGEST_PAGE = 100;
const WATCHES_AT_ONCE = 4;
/** Tags of a watch that are asked for, to tell what an image costs: in one repository some are indexes and some are not. */
const SAMPLES = 5;

/**
 * What a configuration will spend on its upstreams, before it is deployed. Live, it asks for one listing and a few HEADs per
 * watch, and pulls nothing.
 */
export async function forecastFromConfiguration({
  changesPerMonth,
  offline = false,
  signal,
  ...options
}: ForecastOptions): Promise<ConfigurationForecast> {
  const { config } = await loadConfiguration(options);
  const announced = new Map<string, PullAllowance>();
  const onRateLimit = ({ registry, pulls }: RateLimitReport) => {
    if (pulls) announced.set(registry, pulls);
  };
  const env = options.environment ?? processEnvironment();
  const registry = registryClientFor(config, {
    env,
    azure: createAzureClients(),
    otherwise: dockerCredentials(env),
    onRateLimit,
  });
  try {
    const { facts, gaps } = offline
      ? factsOffline(config)
      : await factsFromUpstream(config, registry, signal);
    const limits = (name: string) => ({
      ...announced.get(name),
      policy: config.registries.get(name)?.budget ?? {},
    });
    return { ...forecast(facts, limits, { changesPerMonth }), gaps };
  } finally {
    await registry.close();
  }
}

interface Facts {
  readonly facts: readonly WatchFacts[];
  readonly gaps: ConfigurationForecast['gaps'];
}

function factsOffline(config: Config): Facts {
  return {
    facts: config.watches.filter(isActive).map((watch) => factsOf(config, watch, {})),
    gaps: config.patterns.filter(isActive).map(({ name }) => ({
      watch: name,
      message: 'it stands for repositories that only the registry knows; leave out --offline',
    })),
  };
}

async function factsFromUpstream(
  config: Config,
  registry: RegistryClient,
  signal: AbortSignal | undefined,
): Promise<Facts> {
  const { watches, failures } = await chooseWatches(config, [], { registry }, { signal });
  const gaps: ForecastGap[] = failures.map(({ watch, error }) => gapOf(watch, error));
  const facts = await pLimit(WATCHES_AT_ONCE).map(watches.filter(isActive), async (watch) => {
    const { errors, ...seen } = await lookAt(watch, registry, signal);
    gaps.push(...errors.map(({ code, message }) => ({ watch: watch.name, code, message })));
    return factsOf(config, watch, seen);
  });
  return { facts, gaps };
}

function gapOf(watch: string, error: unknown): ForecastGap {
  const { code, message } = failureOf(error);
  return { watch, code, message };
}

/** What is paused costs nothing. */
function isActive({ paused }: Pick<Watch, 'paused'>): boolean {
  return !paused;
}

/** What upstream says of a watch's repository. */
interface Seen {
  readonly listed?: number | undefined;
  readonly selected?: number | undefined;
  /** Manifests that the indexes of some images name, one number each; 0 for what is no index. */
  readonly children?: readonly number[] | undefined;
}

async function lookAt(
  watch: Watch,
  registry: RegistryClient,
  signal: AbortSignal | undefined,
): Promise<Seen & { readonly errors: readonly Pick<ForecastGap, 'code' | 'message'>[] }> {
  const exact = createTagSelector(watch.tags).exactTags;
  const listing = needsListing(watch.tags) ? await explainWatch(watch, { registry }, { signal }) : undefined;
  if (listing && listing.errors.length > 0) return { errors: listing.errors };
  const selected = listing?.tags.filter((tag) => tag.selected).map(({ tag }) => tag) ?? exact;
  const counts = { listed: listing?.tags.length, selected: selected.length };
  const children: number[] = [];
  try {
    for (const tag of spread(selected, SAMPLES)) {
      const found = await registry.repository(watch.source).resolve(tag, { signal });
      if (found) children.push(estimateChildren(found));
    }
    return { ...counts, children, errors: [] };
  } catch (error) {
    signal?.throwIfAborted();
    // A registry that fails once is not asked for the rest.
    return { ...counts, children, errors: [failureOf(error)] };
  }
}

/** At most so many (two or more) of a list, from its beginning to its end. */
function spread<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  const step = (list.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, at) => Math.round(at * step)).flatMap((at) =>
    list.slice(at, at + 1),
  );
}

function factsOf(config: Config, watch: Watch, { listed, selected, children = [] }: Seen): WatchFacts {
  const { name, source, targets, platforms } = watch;
  const webhook = webhookOf(config, watch);
  const exact = createTagSelector(watch.tags).exactTags.length;
  const isCounted = selected !== undefined || !needsListing(watch.tags);
  const tags = selected ?? (isCounted ? exact : Math.max(exact, ASSUMED_TAGS));
  return {
    watch: name,
    registry: source.registry,
    pollsPerDay: pollsPerDay(webhook ? withRest(watch, webhook.pollEveryMs) : watch, new Date()),
    ...(webhook && { fedBy: webhook.name }),
    tags,
    requestsPerPoll: requestsPerPoll(config, watch, tags, listed),
    pullsPerImage:
      children.length === 0
        ? pullsPerImage(platforms.length)
        : mean(children.map((count) => pullsPerImage(platforms.length, count))),
    targets: new Set(targets.map(formatReference)).size,
    assumed: [
      ...(isCounted ? [] : (['tags'] as const)),
      ...(children.length === 0 ? (['pullsPerImage'] as const) : []),
    ],
  };
}

/**
 * The webhook that may tell of the watch's source. Which repositories a registry sends notices of is not in the
 * configuration: all of them, it is assumed. Of several the one that is polled beside most often.
 */
function webhookOf({ webhooks }: Config, { source }: Watch): Config['webhooks'][number] | undefined {
  const [first] = webhooks
    .filter(({ registry }) => registry === source.registry)
    .sort((a, b) => a.pollEveryMs - b.pollEveryMs);
  return first;
}

function mean(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  return Math.round((sum / values.length) * 100) / 100;
}

/** At most: a listing may be read in part only. */
function requestsPerPoll(
  { registries }: Config,
  { source, tags: rules }: Watch,
  tags: number,
  listed: number | undefined,
): number {
  if (!needsListing(rules)) return tags;
  const { family } = listingSupport(source.registry, registries.get(source.registry)?.family);
  const pages = (size: number) => Math.max(Math.ceil((listed ?? 0) / size), 1);
  return family ? pages(TAGS_PER_DIGEST_PAGE) : pages(TAGS_PER_LISTING_PAGE) + tags;
}
