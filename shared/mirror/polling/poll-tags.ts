import { type Digest, formatReference } from '../../content/index.ts';
import { TagProbe } from '../inspection/index.ts';
import { type Observation, observationKey, observationPartition, planSync } from '../observations/index.ts';
import { createTagSelector, type TagRules } from '../selection/index.ts';
import type { Watch } from '../watches/index.ts';
import {
  failedReport,
  failureOf,
  type PollFailure,
  quietReport,
  type WatchReport,
} from '../watches/index.ts';
import { applyPlan } from './apply-plan.ts';
import { type PollPorts, pauseOf, pollWatch, readRecord } from './poll-watch.ts';

/** What there is reason to believe has changed. */
export interface TagHints {
  readonly tags: readonly string[];
  /** Whatever tags were last seen to name these. */
  readonly digests: readonly Digest[];
}

/**
 * Asks upstream about some tags of a watch now, each by one HEAD, and queues what moved, just as a poll does. Tags that the
 * watch's rules do not select cost nothing. Where the rules make one tag depend on others, the whole watch is polled.
 *
 * What fails is in the report's `errors`; only an abort throws (the signal's reason).
 */
export async function pollTags(
  watch: Watch,
  hints: TagHints,
  stores: PollPorts,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<WatchReport> {
  const ports = { ...stores, observations: stores.observations.session() };
  const { registry, observations, now } = ports;
  try {
    const selector = createTagSelector(watch.tags);
    const named = await tagsNaming(watch, new Set<string>(hints.digests), observations);
    const tags = [...new Set([...hints.tags, ...named])].filter((tag) => selector.explain(tag).selected);
    if (tags.length > 0 && dependsOnOtherTags(watch.tags)) return await pollWatch(watch, ports, { signal });
    const errors: PollFailure[] = [];
    const pause = pauseOf(watch, await readRecord(watch, ports, errors), now());
    if (pause) return { ...quietReport(watch), errors: [...errors, pause] };
    signal?.throwIfAborted();
    const probe = new TagProbe(registry.repository(watch.source, { side: 'source' }), {
      signal,
      shared: ports.pollCacheOf?.(watch),
    });
    const { found, errors: unresolved } = await probe.heads(tags);
    const upstream = new Map(Array.from(found, ([tag, there]) => [tag, there?.digest] as const));
    errors.push(...unresolved);
    const known = await readKnown(watch, [...upstream.keys()], observations, errors);
    const plan = planSync({ watch, upstream, known, now: now() });
    const queued = await applyPlan(plan, ports, errors, signal);
    const { unchanged, gone } = plan;
    const requests = { ...probe.requests, target: 0 };
    return { ...quietReport(watch), selected: tags, requests, queued, unchanged, gone, errors };
  } catch (error) {
    signal?.throwIfAborted();
    return failedReport(watch, error);
  }
}

/** Which tags are the newest is not to be told from one of them. */
function dependsOnOtherTags({ include }: TagRules): boolean {
  return include.some((entry) => typeof entry !== 'string' && entry.newest !== undefined);
}

async function tagsNaming(
  watch: Watch,
  digests: ReadonlySet<string>,
  observations: PollPorts['observations'],
): Promise<readonly string[]> {
  if (digests.size === 0) return [];
  const tags: string[] = [];
  for (const target of watch.targets) {
    for await (const { key, value } of observations.list(observationPartition(target))) {
      if (digests.has(value.digest)) tags.push(key.row);
    }
  }
  return tags;
}

/** The observations of these tags only. A target for which that fails is skipped and among the errors. */
async function readKnown(
  { targets }: Watch,
  tags: readonly string[],
  observations: PollPorts['observations'],
  errors: PollFailure[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, Observation>>> {
  const known = new Map<string, ReadonlyMap<string, Observation>>();
  for (const target of targets) {
    const byTag = new Map<string, Observation>();
    try {
      for (const tag of tags) {
        const observation = await observations.get(observationKey(formatReference({ ...target, tag })));
        if (observation) byTag.set(tag, observation);
      }
      known.set(formatReference(target), byTag);
    } catch (error) {
      errors.push({ ...failureOf(error), target: formatReference(target) });
    }
  }
  return known;
}
