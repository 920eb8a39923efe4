import { formatReference } from '../../content/index.ts';
import type { Records } from '../../records.ts';
import type { PollCache, VerifyPorts } from '../inspection/index.ts';
import {
  type InspectPorts,
  inspectWatch,
  isVerificationDue,
  type WatchInspection,
} from '../inspection/index.ts';
import { movedUpstream, type Observation } from '../observations/index.ts';
import type { Watch } from '../watches/index.ts';
import {
  failureOf,
  healthOf,
  isNews,
  nextRecord,
  type PollFailure,
  quietReport,
  type WatchHealth,
  type WatchRecord,
  type WatchReport,
  watchKey,
} from '../watches/index.ts';
import { type ApplyPlanPorts, applyPlan } from './apply-plan.ts';

export interface PollPorts extends InspectPorts, VerifyPorts, ApplyPlanPorts {
  readonly observations: Records<Observation>;
  readonly watches: Records<WatchRecord>;
  /** The records of all watches by name, where they were listed. Default: that of the watch is read. */
  readonly knownRecords?: ReadonlyMap<string, WatchRecord> | undefined;
  /** What was found out for other watches in the same run. */
  readonly pollCacheOf?: ((watch: Watch) => PollCache | undefined) | undefined;
}

export interface PollOptions {
  /** Whether the targets are checked for drift too. Default: when that is due. */
  readonly verifyTargets?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Polls one watch and queues an import for every target tag that needs one. The state of the watch is recorded last.
 *
 * What fails for a tag, a target or the whole watch is in the report's `errors`; only an abort throws (the signal's reason).
 */
export async function pollWatch(
  watch: Watch,
  stores: PollPorts,
  { verifyTargets, signal }: PollOptions = {},
): Promise<WatchReport> {
  const ports: PollPorts = {
    ...stores,
    observations: stores.observations.session(),
    watches: stores.watches.session(),
  };
  const errors: PollFailure[] = [];
  const before = await readRecord(watch, ports, errors);
  const pause = pauseOf(watch, before, ports.now());
  if (before && pause) {
    return { ...quietReport(watch), errors: [...errors, pause], health: healthOf(before) };
  }
  const isDue = verifyTargets ?? isVerificationDue(watch, before?.memory, ports.now());
  const inspection = await inspectWatch(watch, ports, {
    memory: before?.memory,
    verify: isDue ? ports.tags : undefined,
    shared: ports.pollCacheOf?.(watch),
    signal,
  });
  errors.push(...inspection.errors);
  const { plan, selected, unmatched, requests, disagreements } = inspection;
  const queued = await applyPlan(plan, ports, errors, signal);
  const health = await writeRecord(watch, before, inspection, ports, errors);
  const { unchanged, gone } = plan;
  const isComparable = before?.memory?.scope === inspection.memory.scope;
  return {
    watch: watch.name,
    selected,
    requests,
    queued,
    moved: isComparable ? movedUpstream(plan) : [],
    unchanged,
    gone,
    unmatched,
    disagreements,
    health,
    errors,
  };
}

export async function readRecord(
  watch: Watch,
  { watches, knownRecords }: PollPorts,
  errors: PollFailure[],
): Promise<WatchRecord | undefined> {
  if (knownRecords) return knownRecords.get(watch.name);
  try {
    return await watches.get(watchKey(watch));
  } catch (error) {
    errors.push(failureOf(error));
    return undefined;
  }
}

/** Upstream limits requests, and the pause it asked for has not ended. */
export function pauseOf(watch: Watch, record: WatchRecord | undefined, now: Date): PollFailure | undefined {
  if (record?.until === undefined || record.source !== formatReference(watch.source)) return undefined;
  const leftMs = Date.parse(record.until) - now.getTime();
  if (leftMs <= 0) return undefined;
  const message = `${record.source} was not polled: its registry limits requests until ${record.until}: ${record.reason}`;
  return { code: 'E_RATE_LIMITED', message, retryAfterMs: leftMs };
}

/** Records the state of the watch if it changed: the time of the poll is in its poll state too. */
async function writeRecord(
  watch: Watch,
  before: WatchRecord | undefined,
  inspection: WatchInspection,
  { watches, now }: PollPorts,
  errors: PollFailure[],
): Promise<WatchHealth | undefined> {
  const next = (current: WatchRecord | undefined) =>
    nextRecord(watch, current, { ...inspection, errors }, now());
  if (before && !isNews(before, next(before))) return healthOf(before);
  try {
    const record = await watches.update(watchKey(watch), next, { isNew: before === undefined });
    return record && healthOf(record);
  } catch (error) {
    errors.push(failureOf(error));
    return undefined;
  }
}
