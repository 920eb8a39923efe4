import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import type { RecordKey, Records } from '../records.ts';
import { isPollDue, type PollState } from './due.ts';
import { type PollPorts, pollWatch } from './poll-watch.ts';
import { failedReport, failureOf, type PollReport, type WatchReport } from './report.ts';
import type { Watch } from './watch.ts';

export interface PollDuePorts extends PollPorts {
  readonly polls: Pick<Records<PollState>, 'update'>;
}

export interface PollDueOptions {
  /** Polls every watch, due or not. */
  readonly force?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const WATCHES_AT_ONCE = 4;

/**
 * Polls the watches that are due. Each is claimed first, so that of several pollers one polls it per time of its
 * schedule. What fails is in the report; only an abort throws (the signal's reason), once all that was under way has ended.
 */
export async function pollDue(
  watches: readonly Watch[],
  ports: PollDuePorts,
  options: PollDueOptions = {},
): Promise<PollReport> {
  const limit = pLimit(WATCHES_AT_ONCE);
  const outcomes = await Promise.allSettled(
    watches.map((watch) => limit(() => pollIfDue(watch, ports, options))),
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

async function pollIfDue(
  watch: Watch,
  ports: PollDuePorts,
  { force = false, signal }: PollDueOptions,
): Promise<WatchReport | undefined> {
  signal?.throwIfAborted();
  let claim: string | undefined;
  try {
    claim = await claimPoll(watch, ports, force);
  } catch (error) {
    return failedReport(watch, error, { listings: 0, heads: 0 });
  }
  if (claim === undefined) return undefined;
  const report = await pollWatch(watch, ports, { signal });
  if (report.errors.length > 0) return report;
  try {
    await finishPoll(watch, ports, claim);
    return report;
  } catch (error) {
    return { ...report, errors: [failureOf(error)] };
  }
}

/** Takes the poll for this poller. Returns the claim, or `undefined` when the watch is not due (any more). */
async function claimPoll(
  watch: Watch,
  { polls, now }: PollDuePorts,
  force: boolean,
): Promise<string | undefined> {
  const claim = randomUUID();
  const startedAt = now();
  const standing = await polls.update(pollKey(watch), (current) =>
    force || isPollDue(watch, current, startedAt)
      ? { lastStartedAt: startedAt.toISOString(), claim }
      : current,
  );
  return standing?.claim === claim ? claim : undefined;
}

async function finishPoll(watch: Watch, { polls, now }: PollDuePorts, claim: string): Promise<void> {
  const finishedAt = now().toISOString();
  await polls.update(pollKey(watch), (current) =>
    current?.claim === claim ? { ...current, finishedAt } : current,
  );
}

function pollKey({ name }: Watch): RecordKey {
  return { partition: 'polls', row: name };
}
