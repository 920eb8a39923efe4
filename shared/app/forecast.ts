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
import { createTagSelector, explainWatch, failureOf, needsListing, type Watch } from '../mirror/index.ts';
import {
  listingSupport,
  type PullAllowance,
  type RateLimitReport,
  type RegistryClient,
} from '../registry/index.ts';
import { chooseWatches } from './choose-watches.ts';
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
  /** Watches about which something could not be found out, and patterns that were not looked into. */
  readonly gaps: readonly { readonly watch: string; readonly message: string }[];
}

/** What is taken for granted where upstream was not asked. */
const ASSUMED_TAGS = 10;
const TAGS_PER_LISTING_PAGE = 1_000;
const TAGS_PER_DIGEST_PAGE = 100;
const WATCHES_AT_ONCE = 4;

/**
 * What a configuration will spend on its upstreams, before it is deployed. Live, it asks for one listing and one HEAD per
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
  const gaps = failures.map(({ watch, error }) => ({ watch, message: failureOf(error).message }));
  const facts = await pLimit(WATCHES_AT_ONCE).map(watches.filter(isActive), async (watch) => {
    const { errors, ...seen } = await lookAt(watch, registry, signal);
    gaps.push(...errors.map((error) => ({ watch: watch.name, message: failureOf(error).message })));
    return factsOf(config, watch, seen);
  });
  return { facts, gaps };
}

/** What is paused costs nothing. */
function isActive({ paused }: Pick<Watch, 'paused'>): boolean {
  return !paused;
}

/** What upstream says of a watch's repository. */
interface Seen {
  readonly listed?: number | undefined;
  readonly selected?: number | undefined;
  /** Manifests that an image's index names; 0 when it is no index. */
  readonly children?: number | undefined;
}

async function lookAt(
  watch: Watch,
  registry: RegistryClient,
  signal: AbortSignal | undefined,
): Promise<Seen & { readonly errors: readonly unknown[] }> {
  const exact = createTagSelector(watch.tags).exactTags;
  const listing = needsListing(watch.tags) ? await explainWatch(watch, { registry }, { signal }) : undefined;
  if (listing && listing.errors.length > 0) {
    return { errors: listing.errors.map(({ message }) => new Error(message)) };
  }
  const selected = listing?.tags.filter((tag) => tag.selected).map(({ tag }) => tag) ?? exact;
  const counts = { listed: listing?.tags.length, selected: selected.length };
  const [sample] = selected;
  if (sample === undefined) return { ...counts, errors: [] };
  try {
    const found = await registry.repository(watch.source).resolve(sample, { signal });
    if (!found) return { ...counts, errors: [] };
    return { ...counts, children: estimateChildren(found), errors: [] };
  } catch (error) {
    signal?.throwIfAborted();
    return { ...counts, errors: [error] };
  }
}

function factsOf(config: Config, watch: Watch, { listed, selected, children }: Seen): WatchFacts {
  const { name, source, targets, platforms } = watch;
  const exact = createTagSelector(watch.tags).exactTags.length;
  const isCounted = selected !== undefined || !needsListing(watch.tags);
  const tags = selected ?? (isCounted ? exact : Math.max(exact, ASSUMED_TAGS));
  return {
    watch: name,
    registry: source.registry,
    pollsPerDay: pollsPerDay(watch, new Date()),
    tags,
    requestsPerPoll: requestsPerPoll(config, watch, tags, listed),
    pullsPerImage: pullsPerImage(platforms.length, children),
    targets: new Set(targets.map(formatReference)).size,
    assumed: [
      ...(isCounted ? [] : (['tags'] as const)),
      ...(children === undefined ? (['pullsPerImage'] as const) : []),
    ],
  };
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
