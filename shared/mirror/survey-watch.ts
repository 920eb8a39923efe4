import pLimit from 'p-limit';
import { type Digest, formatReference, type RepositoryName } from '../content/index.ts';
import { RegistryError, TransportError } from '../errors.ts';
import type { Records } from '../records.ts';
import { type Observation, observationPartition } from './observation.ts';
import { planSync, type SyncPlan } from './plan-sync.ts';
import { failureOf, type PollFailure } from './report.ts';
import { createTagSelector, needsListing, type TagSelector } from './select-tags.ts';
import type { Watch } from './watch.ts';

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** An upstream repository as far as a poll needs it; the registry client's `Repository` is one. */
export interface TagSource {
  /** All tags, page by page. */
  tags(options?: CallOptions): AsyncIterable<string>;
  /** What a tag names, by HEAD; `undefined` when the registry says it has no such tag. Any other failure throws. */
  resolve(tag: string, options?: CallOptions): Promise<{ readonly digest: Digest } | undefined>;
}

export interface SurveyPorts {
  readonly registry: { repository(name: RepositoryName): TagSource };
  readonly observations: Pick<Records<Observation>, 'list'>;
  readonly now: () => Date;
}

/** What upstream has and what should be done about it. Nothing was changed. */
export interface Survey {
  readonly plan: SyncPlan;
  readonly selected: readonly string[];
  readonly unmatched: readonly string[];
  readonly requests: { readonly listings: number; readonly heads: number };
  readonly errors: readonly PollFailure[];
}

const HEADS_AT_ONCE = 8;
/** A tag has at most 128 characters, so a listing never holds more than some 26 MB. */
const MAX_LISTED_TAGS = 200_000;

/**
 * Finds out what a watch would import: at most one tag listing, then one HEAD per selected tag, never a GET of
 * a manifest. A tag that cannot be resolved is reported and left out; it is never taken for gone.
 * @throws what the listing throws; the signal's reason when aborted.
 */
export async function surveyWatch(
  watch: Watch,
  { registry, observations, now }: SurveyPorts,
  { signal }: CallOptions = {},
): Promise<Survey> {
  const source = registry.repository(watch.source);
  const selector = createTagSelector(watch.tags);
  const { known, errors: unreadable } = await readObservations(watch, observations);
  const listed = needsListing(watch.tags) ? await listTags(source, signal) : undefined;
  signal?.throwIfAborted();

  const listing = listed && selector.select(listed);
  const { ask, stillGone } = chooseTags(watch, selector, listing?.selected, known);
  const seenAt = now();
  const { upstream, heads, errors: unresolved } = await resolveTags(source, ask, signal);
  for (const tag of stillGone) upstream.set(tag, undefined);

  return {
    plan: planSync({ watch, upstream, known, now: seenAt }),
    selected: ask,
    unmatched: listing?.unmatched.filter((rule) => !selector.exactTags.includes(rule)) ?? [],
    requests: { listings: listed ? 1 : 0, heads },
    errors: [...unreadable, ...unresolved],
  };
}

type KnownObservations = Map<string, Map<string, Observation>>;

/**
 * Which tags to HEAD: those named exactly, those selected from the listing, and those copied earlier that the
 * listing lacks, because a listing can be stale. One found gone before that is still not listed costs no request.
 */
function chooseTags(
  watch: Watch,
  selector: TagSelector,
  listed: readonly string[] | undefined,
  known: KnownObservations,
): { ask: readonly string[]; stillGone: readonly string[] } {
  const ask = new Set([...selector.exactTags, ...(listed ?? [])]);
  const stillGone = new Set<string>();
  const source = formatReference(watch.source);
  for (const [tag, observation] of [...known.values()].flatMap((observations) => [...observations])) {
    if (ask.has(tag) || observation.source !== source || !selector.explain(tag).selected) continue;
    if (observation.upstreamGoneAt === undefined) ask.add(tag);
    else stillGone.add(tag);
  }
  return { ask: [...ask], stillGone: [...stillGone].filter((tag) => !ask.has(tag)) };
}

async function listTags(source: TagSource, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const tags: string[] = [];
  for await (const tag of source.tags({ signal })) {
    tags.push(tag);
    if (tags.length > MAX_LISTED_TAGS) {
      throw new TransportError(
        'E_TOO_LARGE',
        `The repository lists more than ${MAX_LISTED_TAGS} tags. Name the tags to watch exactly: then no listing is read.`,
      );
    }
  }
  return tags;
}

async function readObservations(
  watch: Watch,
  observations: SurveyPorts['observations'],
): Promise<{ known: KnownObservations; errors: PollFailure[] }> {
  const known: KnownObservations = new Map();
  const errors: PollFailure[] = [];
  for (const target of watch.targets) {
    const byTag = new Map<string, Observation>();
    try {
      for await (const { key, value } of observations.list(observationPartition(target))) {
        byTag.set(key.row, value);
      }
      known.set(formatReference(target), byTag);
    } catch (error) {
      errors.push({ ...failureOf(error), target: formatReference(target) });
    }
  }
  return { known, errors };
}

async function resolveTags(source: TagSource, tags: readonly string[], signal: AbortSignal | undefined) {
  const limit = pLimit(HEADS_AT_ONCE);
  const upstream = new Map<string, Digest | undefined>();
  const errors: PollFailure[] = [];
  let heads = 0;
  let refusal: RegistryError | undefined;

  await Promise.all(
    tags.map((tag) =>
      limit(async () => {
        if (refusal || signal?.aborted) return;
        heads += 1;
        try {
          const found = await source.resolve(tag, { signal });
          upstream.set(tag, found?.digest);
        } catch (error) {
          if (isRefusalForAll(error)) refusal = error;
          errors.push({ ...failureOf(error), tag });
        }
      }),
    ),
  );
  signal?.throwIfAborted();
  if (refusal && heads < tags.length) {
    errors.push({
      code: refusal.code,
      message: `${tags.length - heads} more tags were not asked about after that.`,
    });
  }
  return { upstream, heads, errors };
}

/** Whether the registry would answer the same for every other tag, so that asking on only makes it worse. */
function isRefusalForAll(error: unknown): error is RegistryError {
  return error instanceof RegistryError && (error.code === 'E_RATE_LIMITED' || error.code === 'E_DENIED');
}
