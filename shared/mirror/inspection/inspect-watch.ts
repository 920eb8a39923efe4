import type { Digest } from '../../content/index.ts';
import type { Records } from '../../records.ts';
import type { Observation } from '../observations/index.ts';
import { planSync, readKnown, type SyncPlan } from '../observations/index.ts';
import { createTagSelector } from '../selection/index.ts';
import type { Watch } from '../watches/index.ts';
import {
  carryOverCheckpoint,
  type Disagreement,
  failureOf,
  type GoneTag,
  NO_REQUESTS,
  type PollFailure,
  type PollRequests,
  type WatchCheckpoint,
} from '../watches/index.ts';
import { nextCheckpoint, scopeOf, validCheckpoint } from './checkpoint.ts';
import { chooseTags, compare, resolveByListing } from './choose-tags.ts';
import { findDrift, type Verification, type VerifyPorts } from './find-drift.ts';
import { listUpstream } from './list-upstream.ts';
import { lastingOverrides } from './overrides.ts';
import type { PollCache } from './poll-cache.ts';
import { TagProbe } from './tag-probe.ts';
import type { UpstreamListing } from './upstream-listing.ts';

export interface InspectPorts extends Pick<VerifyPorts, 'registry'> {
  readonly observations: Pick<Records<Observation>, 'list'>;
  readonly now: () => Date;
}

export interface InspectOptions {
  /** What the survey before left. */
  readonly memory?: WatchCheckpoint | undefined;
  /** Records of what was put where: the targets are compared with that. Default: they are not asked. */
  readonly verify?: VerifyPorts['tags'] | undefined;
  /** What other watches of the same source were told meanwhile. */
  readonly shared?: PollCache | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What upstream has and what should be done about it. Nothing was changed. */
export interface WatchInspection {
  readonly plan: SyncPlan;
  readonly selected: readonly string[];
  readonly unmatched: readonly string[];
  readonly requests: PollRequests;
  readonly disagreements: readonly Disagreement[];
  /** The tags that upstream does not have, and since when as far as is known. */
  readonly gone: readonly GoneTag[];
  /** Those of them that no target has a copy of, as far as is known. */
  readonly goneWithoutCopy: readonly string[];
  readonly errors: readonly PollFailure[];
  /** For the next survey, once everything in the plan was carried out. */
  readonly memory: WatchCheckpoint;
}

/**
 * Finds out what a watch would import by the cheapest questions that tell: a listing of digests where there is one,
 * HEADs for what moved or what it does not tell, never a GET of a manifest. A listing is a hint: nothing is imported
 * on its word alone, and a tag is gone only when a HEAD says so. A tag that cannot be resolved is reported and left
 * out. What fails is among the errors; only an abort throws (the signal's reason).
 */
export async function inspectWatch(
  watch: Watch,
  { registry, observations, now }: InspectPorts,
  { memory: lastMemory, verify, shared, signal }: InspectOptions = {},
): Promise<WatchInspection> {
  const startedAt = now();
  const probe = new TagProbe(registry.repository(watch.source, { side: 'source' }), { signal, shared });
  const scope = scopeOf(watch);
  const selector = createTagSelector(watch.tags);
  const memory = validCheckpoint(scope, lastMemory, startedAt);
  const reading = readKnown(watch, selector, observations);
  // Names of tags are listed meanwhile: what they name is asked afterwards, so that no target's answer is newer.
  const listing = listUpstream(watch, probe, {
    selector,
    known: async () => (await reading).known,
    memory,
    now: startedAt,
    signal,
  });
  await Promise.allSettled([reading, listing]);
  const { known, errors: unreadable } = await reading;
  let upstream: UpstreamListing;
  try {
    upstream = await listing;
  } catch (error) {
    signal?.throwIfAborted();
    const errors = [...unreadable, failureOf(error)];
    return failedInspection(
      errors,
      { ...NO_REQUESTS, ...probe.requests },
      carryOverCheckpoint(scope, memory),
    );
  }
  signal?.throwIfAborted();

  const choice = chooseTags(upstream, selector, known);
  const resolvedByListing = resolveByListing(choice.ask, upstream, known);
  const targets = verify
    ? await findDrift(watch, choice.ask, known, { registry, tags: verify, now }, signal)
    : NOT_ASKED;
  const drifted = new Set([...targets.drift.values()].flatMap((drift) => [...drift.keys()]));
  const doubtful = [...choice.ask].filter((tag) => !resolvedByListing.has(tag) || drifted.has(tag));
  const seenAt = now();
  const { found, errors: unresolved } = await probe.heads(doubtful);

  const digests = new Map<string, Digest | undefined>();
  for (const tag of choice.ask) {
    if (found.has(tag)) digests.set(tag, found.get(tag)?.digest);
    else if (resolvedByListing.has(tag) && !drifted.has(tag)) digests.set(tag, resolvedByListing.get(tag));
  }
  for (const tag of choice.stillGone) digests.set(tag, undefined);
  const errors = [...unreadable, ...targets.errors, ...unresolved];
  const unmatched = upstream.extent === 'moved' ? (memory?.unmatched ?? []) : choice.unmatched;
  const plan = planSync({
    watch,
    upstream: digests,
    known: known.byTarget,
    drift: targets.drift,
    movedAt: movedAt(upstream, digests),
    now: seenAt,
  });
  return {
    plan,
    selected: [...choice.ask],
    unmatched,
    requests: { ...probe.requests, target: targets.requests },
    disagreements: compare(upstream, found),
    gone: plan.gone.map((tag) => ({ tag, since: known.goneSince(tag) ?? seenAt.toISOString() })),
    goneWithoutCopy: plan.gone.filter((tag) => !known.hasCopy(tag)),
    errors,
    memory: nextCheckpoint(scope, memory, {
      upstream,
      digests,
      unmatched,
      startedAt,
      isVerified: verify !== undefined,
      overrides: lastingOverrides(
        verify ? targets.overrides : (memory?.overrides ?? []),
        known,
        plan.changes,
      ),
    }),
  };
}

/** Only where the listing speaks of the digest that the tag has. */
function movedAt(
  { rows }: UpstreamListing,
  digests: ReadonlyMap<string, Digest | undefined>,
): ReadonlyMap<string, Date> {
  const times = new Map<string, Date>();
  for (const { tag, digest, updatedAt } of rows.values()) {
    if (updatedAt && digest && digests.get(tag) === digest) times.set(tag, updatedAt);
  }
  return times;
}

const NOT_ASKED: Verification = { drift: new Map(), overrides: [], requests: 0, errors: [] };

function failedInspection(
  errors: readonly PollFailure[],
  requests: PollRequests,
  memory: WatchCheckpoint,
): WatchInspection {
  return {
    plan: { changes: [], unchanged: 0, gone: [], presence: [] },
    selected: [],
    unmatched: [],
    requests,
    disagreements: [],
    gone: [],
    goneWithoutCopy: [],
    errors,
    memory,
  };
}
