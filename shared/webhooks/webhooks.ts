import pLimit from 'p-limit';
import { formatReference } from '../content/index.ts';
import { describeError, RecordVersionError } from '../errors.ts';
import type { PollPorts, Watch, WatchReport } from '../mirror/index.ts';
import { readableRecords } from '../record-schema.ts';
import type { Records } from '../records.ts';
import { createAllowance, type MinuteAllowance } from './allowance.ts';
import { followReferences } from './follow.ts';
import { createInbox, notificationsKey, repositoryOf } from './inbox.ts';
import { afterPoll, restBetweenPolls, withRest } from './liveness.ts';
import type { NotifiedReference, RepositoryNotifications } from './notification-record.ts';
import { type ReceiveContext, type ReceiverPorts, receive } from './receive.ts';
import type { WebhookAnswer, WebhookRequest } from './request.ts';
import { SENDERS } from './senders/index.ts';
import type { Proof } from './senders/sender.ts';

export interface WebhooksPorts extends Pick<ReceiverPorts, 'webhooks' | 'secretsOf'> {
  /** The watches, found without a request to a registry: senders wait for the response. */
  readonly watches: () => Promise<readonly Watch[]>;
  readonly poll: PollPorts;
  readonly notifications: Records<RepositoryNotifications>;
  readonly allowances: Pick<Records<MinuteAllowance>, 'update'>;
}

/** A webhook, and when its last notification came. */
export interface WebhookState {
  readonly name: string;
  readonly from: string;
  readonly registry: string;
  readonly proof: Proof['kind'];
  /** ISO 8601. */
  readonly lastNoticeAt: string | undefined;
  /** Repositories whose last notification came through it. */
  readonly repositories: number;
  /** Those of them where a poll found a change that was not announced. */
  readonly missed: number;
}

export interface Webhooks {
  /** Handles one request at the route; never throws. */
  receive(request: WebhookRequest, context: ReceiveContext): Promise<WebhookAnswer>;
  /** Checks what notifications named and was not checked when they came. */
  followWaiting(context: ReceiveContext): Promise<readonly WatchReport[]>;
  /** The watches, those with a reliable webhook with a longer time between their polls. */
  rested(watches: readonly Watch[]): Promise<readonly Watch[]>;
  /** Records which of the changes that polls found were not announced. */
  learnFrom(watches: readonly Watch[], reports: readonly WatchReport[]): Promise<void>;
  states(): Promise<readonly WebhookState[]>;
}

/** The sender waits for the response, and times out after ten seconds or so. */
const FOLLOW_WITHIN_MS = 5_000;
const FOLLOWED_AT_ONCE = 4;

/** All that webhooks do, over one set of records. Without a configured webhook no record is read or written. */
export function createWebhooks(ports: WebhooksPorts): Webhooks {
  const { webhooks, notifications, allowances, poll } = ports;
  const { now } = poll;
  const inbox = createInbox({ notifications, allowance: createAllowance(allowances, now), now });
  const limit = pLimit(FOLLOWED_AT_ONCE);

  async function watchesBySource(): Promise<ReadonlyMap<string, readonly Watch[]>> {
    const watches = await ports.watches();
    const active = watches.filter(({ paused }) => !paused);
    return Map.groupBy(active, ({ source }) => formatReference(source));
  }

  /** Throws only when aborted: what was not checked is checked another time. */
  async function follow(
    repository: string,
    references: readonly NotifiedReference[],
    { logger, signal }: ReceiveContext,
  ): Promise<readonly WatchReport[]> {
    if (references.length === 0) return [];
    const watches = (await watchesBySource()).get(repository) ?? [];
    // No watch, or none known at the moment.
    if (watches.length === 0) return [];
    const { reports, checked } = await limit(() => followReferences(references, watches, poll, signal));
    for (const { watch, queued, errors } of reports) {
      logger.info('notification checked', { watch, queued: queued.length, errors: errors.length });
      for (const { code, message, tag } of errors)
        logger.warn('watch has an error', { watch, code, message, tag });
    }
    await inbox.settle(repository, checked);
    return reports;
  }

  /** A record of a later version stays as it is: the poll it would fail has found its changes. */
  async function learn(repository: string, moved: readonly string[]): Promise<void> {
    try {
      await notifications.update(notificationsKey(repository), (current) => afterPoll(current, moved, now()));
    } catch (error) {
      if (!(error instanceof RecordVersionError)) throw error;
    }
  }

  return {
    receive: (request, context) =>
      receive(
        request,
        {
          ...ports,
          watched: watchesBySource,
          async accept(webhook, repository, references, { logger, signal }) {
            const taken = await inbox.put(repository, { webhook: webhook.name, references });
            // Stored by now: the sender need not learn of later failures.
            const soon = AbortSignal.timeout(FOLLOW_WITHIN_MS);
            const inTime = signal ? AbortSignal.any([signal, soon]) : soon;
            await follow(repository, taken, { logger, signal: inTime }).catch((error: unknown) => {
              logger.warn('notification will be checked later', { repository, error: describeError(error) });
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
      for await (const { key, value } of readableRecords(notifications.list())) {
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
        await learn(source, moved);
      }
    },

    async states() {
      const records =
        webhooks.length === 0 ? [] : await Array.fromAsync(readableRecords(notifications.list()));
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
