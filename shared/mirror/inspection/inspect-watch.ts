import type { Digest } from '../../content/index.ts';
import type { Records } from '../../records.ts';
import { readKnown } from '../observations/known-observations.ts';
import type { Observation } from '../observations/observation.ts';
import { planSync, type SyncPlan } from '../observations/plan-sync.ts';
import { createTagSelector } from '../selection/index.ts';
import { failureOf, NO_REQUESTS, type PollFailure, type PollRequests } from '../watches/report.ts';
import type { Watch } from '../watches/watch.ts';
import type { Disagreement, GoneTag, SurveyMemory } from '../watches/watch-record.ts';
import { memoryOf, remember, rememberLittle, scopeOf } from './checkpoint.ts';
import { chooseTags, compare, settle } from './choose-tags.ts';
import { findStrays, type Verification, type VerifyPorts } from './find-drift.ts';
import { listUpstream, type UpstreamListing } from './list-upstream.ts';
import type { SharedAnswers } from './poll-cache.ts';
import { Inquiry } from './tag-probe.ts';

export interface SurveyPorts extends Pick<VerifyPorts, 'registry'> {
  readonly observations: Pick<Records<Observation>, 'list'>;
  readonly now: () => Date;
}

export interface SurveyOptions {
  /** What the survey before left. */
  readonly memory?: SurveyMemory | undefined;
  /** Records of what was put where: the targets are compared with that. Default: they are not asked. */
  readonly verify?: VerifyPorts['tags'] | undefined;
  /** What other watches of the same source were told meanwhile. */
  readonly shared?: SharedAnswers | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What upstream has and what should be done about it. Nothing was changed. */
export interface Survey {
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
  readonly memory: SurveyMemory;
}

/**
 * Finds out what a watch would import by the cheapest questions that tell: a listing of digests where there is one,
 * HEADs for what moved or what it does not tell, never a GET of a manifest. A listing is a hint: nothing is imported
 * on its word alone, and a tag is gone only when a HEAD says so. A tag that cannot be resolved is reported and left
 * out. What fails is among the errors; only an abort throws (the signal's reason).
 */
export async function surveyWatch(
  watch: Watch,
  { registry, observations, now }: SurveyPorts,
  { memory: lastMemory, verify, shared, signal }: SurveyOptions = {},
): Promise<Survey> {
  const startedAt = now();
  const inquiry = new Inquiry(registry.repository(watch.source, { side: 'source' }), { signal, shared });
  const scope = scopeOf(watch);
  const selector = createTagSelector(watch.tags);
  const memory = memoryOf(scope, lastMemory, startedAt);
  const { known, errors: unreadable } = await readKnown(watch, selector, observations);
  let upstream: UpstreamListing;
  try {
    upstream = await listUpstream(watch, inquiry, { selector, known, memory, now: startedAt, signal });
  } catch (error) {
    signal?.throwIfAborted();
    const errors = [...unreadable, failureOf(error)];
    return failedSurvey(errors, { ...NO_REQUESTS, ...inquiry.requests }, rememberLittle(scope, memory));
  }
  signal?.throwIfAborted();

  const choice = chooseTags(upstream, selector, known);
  const settled = settle(choice.ask, upstream, known);
  const targets = verify
    ? await findStrays(watch, choice.ask, known, { registry, tags: verify, now }, signal)
    : NOT_ASKED;
  const strayed = new Set([...targets.strays.values()].flatMap((strays) => [...strays.keys()]));
  const doubtful = [...choice.ask].filter((tag) => !settled.has(tag) || strayed.has(tag));
  const seenAt = now();
  const { found, errors: unresolved } = await inquiry.heads(doubtful);

  const digests = new Map<string, Digest | undefined>();
  for (const tag of choice.ask) {
    if (found.has(tag)) digests.set(tag, found.get(tag)?.digest);
    else if (settled.has(tag) && !strayed.has(tag)) digests.set(tag, settled.get(tag));
  }
  for (const tag of choice.stillGone) digests.set(tag, undefined);
  const errors = [...unreadable, ...targets.errors, ...unresolved];
  const unmatched = upstream.extent === 'moved' ? (memory?.unmatched ?? []) : choice.unmatched;
  const plan = planSync({
    watch,
    upstream: digests,
    known: known.byTarget,
    strays: targets.strays,
    movedAt: movedAt(upstream, digests),
    now: seenAt,
  });
  return {
    plan,
    selected: [...choice.ask],
    unmatched,
    requests: { ...inquiry.requests, target: targets.requests },
    disagreements: compare(upstream, found),
    gone: plan.gone.map((tag) => ({ tag, since: known.goneSince(tag) ?? seenAt.toISOString() })),
    goneWithoutCopy: plan.gone.filter((tag) => !known.hasCopy(tag)),
    errors,
    memory: remember(scope, memory, {
      upstream,
      digests,
      unmatched,
      startedAt,
      isVerified: verify !== undefined,
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

const NOT_ASKED: Verification = { strays: new Map(), requests: 0, errors: [] };

function failedSurvey(errors: readonly PollFailure[], requests: PollRequests, memory: SurveyMemory): Survey {
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
