import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import { TransportError } from '../../errors.ts';
import { readableRecords } from '../../record-schema.ts';
import type { RecordKey, Records } from '../../records.ts';
import { pollCaches } from '../inspection/index.ts';
import type { Watch } from '../watches/index.ts';
import {
  failedReport,
  failureOf,
  type PollReport,
  type WatchRecord,
  type WatchReport,
  watchRecords,
} from '../watches/index.ts';
import { isPollDue, MAX_POLL_MS, type PollState } from './poll-state.ts';
import { type PollOptions, type PollPorts, pollWatch } from './poll-watch.ts';
import { retryTime } from './retry-time.ts';

export interface PollDueWatchesPorts extends PollPorts {
  readonly polls: Records<PollState>;
}

export interface PollDueWatchesOptions {
  /** Polls every watch that is not paused, due or not, and checks its targets too. */
  readonly force?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const WATCHES_AT_ONCE = 8;
/** From this number of watches on, their records are read by one listing. */
const LISTED_FROM = 10;
const PARTITION = 'polls';

/** A watch that is due, and when it was last polled, ISO 8601. */
export interface DueWatch {
  readonly watch: Watch;
  readonly lastStartedAt: string | undefined;
}

/** When watches were last polled, by their names. */
export async function pollStates(
  polls: Pick<Records<PollState>, 'list'>,
): Promise<ReadonlyMap<string, PollState>> {
  const states = new Map<string, PollState>();
  for await (const { key, value } of readableRecords(polls.list(PARTITION))) states.set(key.row, value);
  return states;
}

/** Those of the watches that are due now, found with one listing of the poll states. */
export async function findDueWatches(
  watches: readonly Watch[],
  { polls, now }: Pick<PollDueWatchesPorts, 'polls' | 'now'>,
): Promise<readonly DueWatch[]> {
  const states = await pollStates(polls);
  const at = now();
  return watches
    .filter((watch) => isPollDue(watch, states.get(watch.name), at))
    .map((watch) => ({ watch, lastStartedAt: states.get(watch.name)?.lastStartedAt }));
}

/**
 * Polls the watches that are due. Each is claimed first, so that of several pollers one polls it per time of its
 * schedule. What fails is in the report; only an abort throws (the signal's reason), once all that was under way has ended.
 */
export async function pollDueWatches(
  watches: readonly Watch[],
  stores: PollDueWatchesPorts,
  options: PollDueWatchesOptions = {},
): Promise<PollReport> {
  const limit = pLimit(WATCHES_AT_ONCE);
  const records = stores.watches.session();
  const ports = {
    ...stores,
    polls: stores.polls.session(),
    watches: records,
    knownRecords: watches.length < LISTED_FROM ? undefined : await listedRecords(records),
    pollCacheOf: pollCaches(watches),
  };
  const outcomes = await Promise.allSettled(
    watches.map((watch) => limit(() => pollWhenDue(watch, ports, options))),
  );
  options.signal?.throwIfAborted();
  const reports: WatchReport[] = [];
  const notDue: string[] = [];
  for (const [at, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') throw outcome.reason;
    if (outcome.value) reports.push(outcome.value);
    else notDue.push(watches[at]?.name ?? '');
  }
  return { watches: reports, notDue };
}

/** All records by the names of their watches; `undefined` when that fails: then each is read separately. */
async function listedRecords(
  watches: PollDueWatchesPorts['watches'],
): Promise<ReadonlyMap<string, WatchRecord> | undefined> {
  const known = new Map<string, WatchRecord>();
  try {
    for await (const record of watchRecords(watches)) known.set(record.watch, record);
    return known;
  } catch {
    return undefined;
  }
}

async function pollWhenDue(
  watch: Watch,
  ports: PollDueWatchesPorts,
  { force = false, signal }: PollDueWatchesOptions,
): Promise<WatchReport | undefined> {
  signal?.throwIfAborted();
  let claim: string | undefined;
  try {
    claim = await claimPoll(watch, ports, force);
  } catch (error) {
    return failedReport(watch, error);
  }
  if (claim === undefined) return undefined;
  const verifyTargets = force ? true : undefined;
  let report: WatchReport;
  try {
    report = await pollWithDeadline(watch, ports, { verifyTargets, signal });
  } catch (error) {
    await releaseClaim(watch, ports, claim);
    throw error;
  }
  try {
    await finishPoll(watch, ports, claim, report);
    return report;
  } catch (error) {
    return { ...report, errors: [...report.errors, failureOf(error)] };
  }
}

/** Ends before the claim does: no other worker polls the watch meanwhile. */
async function pollWithDeadline(
  watch: Watch,
  ports: PollPorts,
  { verifyTargets, signal }: PollOptions,
): Promise<WatchReport> {
  const overdue = AbortSignal.timeout(MAX_POLL_MS);
  try {
    const inTime = signal ? AbortSignal.any([signal, overdue]) : overdue;
    return await pollWatch(watch, ports, { verifyTargets, signal: inTime });
  } catch (error) {
    signal?.throwIfAborted();
    const message = `The poll did not end within ${MAX_POLL_MS / 60_000} minutes. Split the watch into several, or name fewer tags.`;
    const failure = overdue.aborted ? new TransportError('E_TIMEOUT', message, { cause: error }) : error;
    return failedReport(watch, failure);
  }
}

/** Takes the poll for this poller. Returns the claim, or `undefined` when the watch is not due (any more). */
async function claimPoll(
  watch: Watch,
  { polls, now }: PollDueWatchesPorts,
  force: boolean,
): Promise<string | undefined> {
  const claim = randomUUID();
  const startedAt = now();
  const standing = await polls.update(pollKey(watch), (current) =>
    (force && !watch.paused) || isPollDue(watch, current, startedAt)
      ? {
          lastStartedAt: startedAt.toISOString(),
          claim,
          ...(current?.succeededAt !== undefined && { succeededAt: current.succeededAt }),
        }
      : current,
  );
  return standing?.claim === claim ? claim : undefined;
}

/** A poller that is told to end releases its claim, so that others need not wait until it expires. */
async function releaseClaim(watch: Watch, { polls, now }: PollDueWatchesPorts, claim: string): Promise<void> {
  const at = now().toISOString();
  const update = polls.update(pollKey(watch), (current) =>
    current?.claim === claim ? { ...current, finishedAt: at, retryAt: at } : current,
  );
  // It ends anyway; without this the claim expires.
  await update.catch(() => {});
}

async function finishPoll(
  watch: Watch,
  { polls, now }: PollDueWatchesPorts,
  claim: string,
  { errors }: WatchReport,
): Promise<void> {
  const at = now();
  const finishedAt = at.toISOString();
  const retryAt = retryTime(errors, at)?.toISOString();
  await polls.update(pollKey(watch), (current) =>
    current?.claim === claim
      ? {
          ...current,
          finishedAt,
          ...(errors.length === 0 && { succeededAt: finishedAt }),
          ...(retryAt && { retryAt }),
        }
      : current,
  );
}

function pollKey({ name }: Watch): RecordKey {
  return { partition: PARTITION, row: name };
}
