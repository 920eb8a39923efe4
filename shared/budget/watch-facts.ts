import pLimit from 'p-limit';
import { formatReference } from '../content/index.ts';
import {
  chooseWatches,
  createTagSelector,
  explainWatch,
  failureOf,
  needsListing,
  type Watch,
  type WatchesAndPatterns,
} from '../mirror/index.ts';
import { listingSupport, type RegistryClient, type RegistryFamily } from '../registry/index.ts';
import type { WatchFacts } from './forecast.ts';
import { estimateChildren, pullsPerImage } from './image-pulls.ts';
import { pollsPerDay } from './polls-per-day.ts';

/** What a forecast depends on beside the watches. */
export interface FactsPorts {
  /** The webhook that may tell of a watch's source, and the watch as it is polled beside it. */
  readonly feedOf: (watch: Watch) => { readonly webhook: string; readonly polled: Watch } | undefined;
  /** The kind of registry that is configured for a host. */
  readonly familyOf: (registry: string) => RegistryFamily | undefined;
  readonly now: () => Date;
}

/** A watch about which something could not be found out, or a pattern that was not looked into. */
export interface ForecastGap {
  readonly watch: string;
  /** Of the failure; missing where nothing failed. */
  readonly code?: string | undefined;
  readonly message: string;
}

/** What is assumed where upstream was not asked. */
const ASSUMED_TAGS = 10;
const TAGS_PER_LISTING_PAGE = 1_000;
const TAGS_PER_DIGEST_PAGE = 100;
const WATCHES_AT_ONCE = 4;
/** Tags of a watch that are asked for, to tell what an image costs: in one repository some are indexes and some are not. */
const SAMPLES = 5;

export interface GatheredFacts {
  readonly facts: readonly WatchFacts[];
  readonly gaps: readonly ForecastGap[];
}

/** Facts of the active watches by the configuration alone. */
export function factsOffline(configured: WatchesAndPatterns, ports: FactsPorts): GatheredFacts {
  return {
    facts: configured.watches.filter(isActive).map((watch) => factsOf(watch, {}, ports)),
    gaps: configured.patterns.filter(isActive).map(({ name }) => ({
      watch: name,
      message: 'only the registry knows its repositories; run without --offline',
    })),
  };
}

/** Facts of the active watches. Asks for one listing and a few HEADs per watch, and pulls nothing. */
export async function factsFromUpstream(
  configured: WatchesAndPatterns,
  registry: Pick<RegistryClient, 'repository' | 'repositories'>,
  ports: FactsPorts,
  signal?: AbortSignal,
): Promise<GatheredFacts> {
  const { watches, failures } = await chooseWatches(configured, [], { registry }, { signal });
  const gaps: ForecastGap[] = failures.map(({ watch, error }) => gapOf(watch, error));
  const facts = await pLimit(WATCHES_AT_ONCE).map(watches.filter(isActive), async (watch) => {
    const { errors, ...seen } = await lookAt(watch, registry, signal);
    gaps.push(...errors.map(({ code, message }) => ({ watch: watch.name, code, message })));
    return factsOf(watch, seen, ports);
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
  registry: Pick<RegistryClient, 'repository'>,
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
      const found = await registry.repository(watch.source, { side: 'source' }).resolve(tag, { signal });
      if (found) children.push(estimateChildren(found));
    }
    return { ...counts, children, errors: [] };
  } catch (error) {
    signal?.throwIfAborted();
    // A registry that fails once is not asked for the rest.
    return { ...counts, children, errors: [failureOf(error)] };
  }
}

/** At most `count` (two or more) entries of a list, evenly from its beginning to its end. */
function spread<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  const step = (list.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, at) => Math.round(at * step)).flatMap((at) =>
    list.slice(at, at + 1),
  );
}

function factsOf(
  watch: Watch,
  { listed, selected, children = [] }: Seen,
  { feedOf, familyOf, now }: FactsPorts,
): WatchFacts {
  const { name, source, targets, platforms } = watch;
  const feed = feedOf(watch);
  const exact = createTagSelector(watch.tags).exactTags.length;
  const isCounted = selected !== undefined || !needsListing(watch.tags);
  const tags = selected ?? (isCounted ? exact : Math.max(exact, ASSUMED_TAGS));
  return {
    watch: name,
    registry: source.registry,
    pollsPerDay: pollsPerDay(feed?.polled ?? watch, now()),
    ...(feed && { fedBy: feed.webhook }),
    tags,
    requestsPerPoll: requestsPerPoll(watch, tags, listed, familyOf),
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

function mean(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  return Math.round((sum / values.length) * 100) / 100;
}

/** At most: a listing may be read in part only. */
function requestsPerPoll(
  { source, tags: rules }: Watch,
  tags: number,
  listed: number | undefined,
  familyOf: FactsPorts['familyOf'],
): number {
  if (!needsListing(rules)) return tags;
  const { family } = listingSupport(source.registry, familyOf(source.registry));
  const pages = (size: number) => Math.max(Math.ceil((listed ?? 0) / size), 1);
  return family ? pages(TAGS_PER_DIGEST_PAGE) : pages(TAGS_PER_LISTING_PAGE) + tags;
}
