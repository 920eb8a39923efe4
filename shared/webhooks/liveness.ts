import type { Watch } from '../mirror/index.ts';
import { WHOLE_REPOSITORY } from './change-event.ts';
import type { RepositoryNotifications } from './notification-record.ts';
import type { Webhook } from './webhook.ts';

/** A repository without a notification for this long is polled as if there were no webhook. */
const ALIVE_MS = 7 * 24 * 60 * 60_000;

/**
 * Whether the notifications about a repository are reliable: one came within the last week, and since the last one no
 * poll found a change that was not announced. Silence proves nothing, neither that a webhook is broken nor that nothing
 * changes: that is why rare polls go on.
 */
export function isAlive(notifications: RepositoryNotifications | undefined, now: Date): boolean {
  if (!notifications || notifications.missedAt !== undefined) return false;
  return now.getTime() - Date.parse(notifications.lastNoticeAt) < ALIVE_MS;
}

/** Minimum time between two polls of the repository, in milliseconds; 0 where its webhook is not reliable. */
export function restBetweenPolls(
  notifications: RepositoryNotifications | undefined,
  webhooks: readonly Pick<Webhook, 'name' | 'pollEveryMs'>[],
  now: Date,
): number {
  if (!isAlive(notifications, now)) return 0;
  return webhooks.find(({ name }) => name === notifications?.webhook)?.pollEveryMs ?? 0;
}

/**
 * The watch with that time between its polls. Its freshness objective holds also when the webhook breaks: a poll finds
 * the change in time to copy it.
 */
export function withRest(watch: Watch, restMs: number): Watch {
  const { freshWithinMs = Number.POSITIVE_INFINITY } = watch;
  return { ...watch, restMs: Math.min(restMs, freshWithinMs / 2) };
}

/** Of tags that a poll found changed, those that no notification of the last minutes named. */
export function unannounced(
  { subjects }: Pick<RepositoryNotifications, 'subjects'>,
  tags: Iterable<string>,
): readonly string[] {
  const announced = new Set(subjects.map(({ what }) => what));
  return announced.has(WHOLE_REPOSITORY) ? [] : [...new Set(tags)].filter((tag) => !announced.has(tag));
}

/** The record after a poll that found these tags changed. */
export function afterPoll(
  current: RepositoryNotifications | undefined,
  tags: Iterable<string>,
  now: Date,
): RepositoryNotifications | undefined {
  if (!current || current.missedAt !== undefined || unannounced(current, tags).length === 0) return current;
  return { ...current, missedAt: now.toISOString() };
}
