import pLimit from 'p-limit';
import { formatReference } from '../content/index.ts';
import { describeError } from '../errors.ts';
import type { PollTagsPorts, Watch, WatchReport } from '../mirror/index.ts';
import type { Records } from '../records.ts';
import { createAllowance, type MinuteAllowance } from './allowance.ts';
import { followSubjects } from './follow.ts';
import { createInbox, noticesKey, repositoryOf } from './inbox.ts';
import { afterPoll, restBetweenPolls, withRest } from './liveness.ts';
import type { RepositoryNotices, Subject } from './notices.ts';
import { type ReceiveContext, type ReceiverPorts, receive } from './receive.ts';
import type { WebhookAnswer, WebhookRequest } from './request.ts';
import { SENDERS } from './senders/index.ts';
import type { Proof } from './senders/sender.ts';

export interface WebhooksPorts extends Pick<ReceiverPorts, 'webhooks' | 'secretsOf'> {
  /** The watches there are, found without asking a registry: senders wait for an answer. */
  readonly watches: () => Promise<readonly Watch[]>;
  readonly poll: PollTagsPorts;
  readonly notices: Records<RepositoryNotices>;
  readonly allowances: Pick<Records<MinuteAllowance>, 'update'>;
}

/** A webhook, and when something last came through it. */
export interface WebhookState {
  readonly name: string;
  readonly from: string;
  readonly registry: string;
  readonly proof: Proof['kind'];
  /** ISO 8601. */
  readonly lastNoticeAt: string | undefined;
  /** Repositories it was the last to speak of. */
  readonly repositories: number;
  /** Those of them where a poll found a change that it had not told of. */
  readonly missed: number;
}

export interface Webhooks {
  /** Takes one request at the route; never throws. */
  receive(request: WebhookRequest, context: ReceiveContext): Promise<WebhookAnswer>;
  /** Asks about what notices spoke of and could not be asked about when they came. */
  followWaiting(context: ReceiveContext): Promise<readonly WatchReport[]>;
  /** The watches, those fed by a webhook that can be relied on with a rest between their polls. */
  rested(watches: readonly Watch[]): Promise<readonly Watch[]>;
  /** Draws from what polls found whether the webhooks had told of it. */
  learnFrom(watches: readonly Watch[], reports: readonly WatchReport[]): Promise<void>;
  states(): Promise<readonly WebhookState[]>;
}

/** The sender waits for an answer, and gives up after ten seconds or so. */
const FOLLOW_WITHIN_MS = 5_000;
const FOLLOWED_AT_ONCE = 4;

/** Everything webhooks do, over one set of records. Without any configured it touches none of them. */
export function createWebhooks(ports: WebhooksPorts): Webhooks {
  const { webhooks, notices, allowances, poll } = ports;
  const { now } = poll;
  const inbox = createInbox({ notices, allowance: createAllowance(allowances, now), now });
  const limit = pLimit(FOLLOWED_AT_ONCE);

  async function watchesBySource(): Promise<ReadonlyMap<string, readonly Watch[]>> {
    const watches = await ports.watches();
    const active = watches.filter(({ paused }) => !paused);
    return Map.groupBy(active, ({ source }) => formatReference(source));
  }

  /** Never throws but for the signal: what was not found out about waits for another time. */
  async function follow(
    repository: string,
    subjects: readonly Subject[],
    { logger, signal }: ReceiveContext,
  ): Promise<readonly WatchReport[]> {
    if (subjects.length === 0) return [];
    const watches = (await watchesBySource()).get(repository) ?? [];
    // Nobody to ask for, or nobody known at the moment.
    if (watches.length === 0) return [];
    const { reports, answered } = await limit(() => followSubjects(subjects, watches, poll, signal));
    for (const { watch, queued, errors } of reports) {
      logger.info('notice followed', { watch, queued: queued.length, errors: errors.length });
      for (const { code, message, tag } of errors)
        logger.warn('watch has an error', { watch, code, message, tag });
    }
    await inbox.settle(repository, answered);
    return reports;
  }

  return {
    receive: (request, context) =>
      receive(
        request,
        {
          ...ports,
          watched: watchesBySource,
          async accept(webhook, repository, subjects, { logger, signal }) {
            const taken = await inbox.put(repository, { webhook: webhook.name, subjects });
            // Kept by now: from here on nothing is the sender's concern.
            const soon = AbortSignal.timeout(FOLLOW_WITHIN_MS);
            const inTime = signal ? AbortSignal.any([signal, soon]) : soon;
            await follow(repository, taken, { logger, signal: inTime }).catch((error: unknown) => {
              logger.warn('notice will be followed later', { repository, error: describeError(error) });
            });
          },
        },
        context,
      ),

    async followWaiting(context) {
      if (webhooks.length === 0) return [];
      const repositories = await Array.fromAsync(inbox.waiting());
      const reports = await pLimit(FOLLOWED_AT_ONCE).map(repositories, async (repository) => {
        context.signal?.throwIfAborted();
        const taken = await inbox.take(repository);
        return await follow(repository, taken, context);
      });
      return reports.flat();
    },

    async rested(watches) {
      if (webhooks.length === 0) return watches;
      const at = now();
      const rests = new Map<string, number>();
      for await (const { key, value } of notices.list()) {
        rests.set(repositoryOf(key), restBetweenPolls(value, webhooks, at));
      }
      return watches.map((watch) => {
        const restMs = rests.get(formatReference(watch.source)) ?? 0;
        return restMs > 0 ? withRest(watch, restMs) : watch;
      });
    },

    async learnFrom(watches, reports) {
      if (webhooks.length === 0) return;
      const sources = new Map(watches.map(({ name, source }) => [name, formatReference(source)]));
      for (const { watch, moved } of reports) {
        const source = sources.get(watch);
        if (source === undefined || moved.length === 0) continue;
        await notices.update(noticesKey(source), (current) => afterPoll(current, moved, now()));
      }
    },

    async states() {
      const records = webhooks.length === 0 ? [] : await Array.fromAsync(notices.list());
      return webhooks.map(({ name, from, registry }) => {
        const own = records.map(({ value }) => value).filter(({ webhook }) => webhook === name);
        return {
          name,
          from,
          registry,
          proof: SENDERS[from].proof.kind,
          lastNoticeAt: own
            .map(({ lastNoticeAt }) => lastNoticeAt)
            .sort()
            .at(-1),
          repositories: own.length,
          missed: own.filter(({ missedAt }) => missedAt !== undefined).length,
        };
      });
    },
  };
}
