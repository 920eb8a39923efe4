import { createHash } from 'node:crypto';
import * as z from 'zod';
import { formatReference } from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';
import type { PollReport, Watch } from '../watches/index.ts';
import {
  type DueWatch,
  findDueWatches,
  type PollDueWatchesOptions,
  type PollDueWatchesPorts,
  pollDueWatches,
} from './poll-due-watches.ts';

/** As many watches as one invocation polls well within its time. */
const WATCHES_PER_SHARD = 50;

/** Watches to be polled by whichever worker takes the message. */
export interface PollShard {
  /** The same while the same watches wait for the same poll, so that a queue with duplicate detection keeps one of them. */
  readonly id: string;
  /** Names. */
  readonly watches: readonly string[];
}

const pollShardSchema: z.ZodType<PollShard> = z.strictObject({
  id: z.string().min(1).max(128),
  watches: z.array(z.string().min(1).max(1000)).min(1).max(WATCHES_PER_SHARD),
});

/** The queue that carries shards to the workers. */
export interface PollQueue {
  send(shards: readonly PollShard[]): Promise<void>;
}

export interface DispatchPollsPorts extends PollDueWatchesPorts {
  readonly pollQueue: PollQueue;
}

/**
 * Polls what is due: a few watches at once here, more by way of the queue, from which several workers take them. A
 * watch handed over is claimed by the worker that polls it: one whose message is lost is simply still due.
 * @throws what the stores or the queue throw; the signal's reason when aborted
 */
export async function dispatchPolls(
  watches: readonly Watch[],
  stores: DispatchPollsPorts,
  options: PollDueWatchesOptions = {},
): Promise<PollReport> {
  const ports = { ...stores, polls: stores.polls.session() };
  if (options.force) return await pollDueWatches(watches, ports, options);
  const due = await findDueWatches(watches, ports);
  if (due.length > WATCHES_PER_SHARD) {
    await ports.pollQueue.send(splitIntoShards(due));
    const handedOver = due.map(({ watch }) => watch.name);
    return { watches: [], notDue: notAmong(due, watches), handedOver };
  }
  return await pollFound(watches, due, ports, options);
}

/**
 * Polls those watches of a message that are due. Names that are not configured any more are passed over.
 * @throws InvalidInputError `E_JOB` for a message that names no watches
 */
export async function pollShard(
  body: unknown,
  watches: readonly Watch[],
  stores: PollDueWatchesPorts,
  options: Pick<PollDueWatchesOptions, 'signal'> = {},
): Promise<PollReport> {
  const { data } = pollShardSchema.safeParse(body);
  if (!data) {
    throw new InvalidInputError(
      'E_JOB',
      'A message of the polls queue is not { id, watches: [NAME, …] }. Only Longshore is to send messages there.',
    );
  }
  const names = new Set(data.watches);
  const ports = { ...stores, polls: stores.polls.session() };
  const named = watches.filter(({ name }) => names.has(name));
  const due = await findDueWatches(named, ports);
  return await pollFound(named, due, ports, options);
}

/** Polls the watches that were found to be due. */
async function pollFound(
  watches: readonly Watch[],
  due: readonly DueWatch[],
  ports: PollDueWatchesPorts,
  options: PollDueWatchesOptions,
): Promise<PollReport> {
  const report = await pollDueWatches(
    due.map(({ watch }) => watch),
    ports,
    options,
  );
  return { ...report, notDue: [...notAmong(due, watches), ...report.notDue] };
}

/** Names of the watches that are not due. */
function notAmong(due: readonly DueWatch[], watches: readonly Watch[]): readonly string[] {
  const isDue = new Set(due.map(({ watch }) => watch));
  return watches.filter((watch) => !isDue.has(watch)).map(({ name }) => name);
}

/** Even shares, those of one source together: they share what upstream answers. */
function splitIntoShards(due: readonly DueWatch[]): readonly PollShard[] {
  const sorted = due
    .map((one) => ({ ...one, source: formatReference(one.watch.source) }))
    .sort((a, b) => (a.source < b.source ? -1 : Number(a.source > b.source)));
  const count = Math.ceil(due.length / WATCHES_PER_SHARD);
  return Array.from({ length: count }, (_, shard) => {
    const share = sorted.slice(
      Math.floor((shard * sorted.length) / count),
      Math.floor(((shard + 1) * sorted.length) / count),
    );
    return { id: idOf(share), watches: share.map(({ watch }) => watch.name) };
  });
}

/** Of the watches and their last polls: a queue remembers ids for a while after the message is gone. */
function idOf(share: readonly DueWatch[]): string {
  const text = JSON.stringify(share.map(({ watch, lastStartedAt }) => [watch.name, lastStartedAt]));
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
