import type { Watch } from '../mirror/index.ts';
import { WHOLE_REPOSITORY } from './hint.ts';
import type { RepositoryNotices } from './notices.ts';
import type { Webhook } from './webhook.ts';

/** A repository about which nothing came for so long is polled as if there were no webhook. */
const ALIVE_MS = 7 * 24 * 60 * 60_000;

/**
 * Whether notices can be relied on for a repository: one came within the last week, and since the last one no poll
 * found a change that none had told of. Silence alone tells nothing, neither that a webhook is broken nor that nothing
 * changes: only the rare polls that go on can tell.
 */
export function isAlive(notices: RepositoryNotices | undefined, now: Date): boolean {
  if (!notices || notices.missedAt !== undefined) return false;
  return now.getTime() - Date.parse(notices.lastNoticeAt) < ALIVE_MS;
}

/** How long after a poll of the repository the next one may wait, in milliseconds; 0 where its webhook cannot be relied on. */
export function restBetweenPolls(
  notices: RepositoryNotices | undefined,
  webhooks: readonly Pick<Webhook, 'name' | 'pollEveryMs'>[],
  now: Date,
): number {
  if (!isAlive(notices, now)) return 0;
  return webhooks.find(({ name }) => name === notices?.webhook)?.pollEveryMs ?? 0;
}

/**
 * The watch with that rest between its polls. What is promised has to hold when a webhook breaks, too: a poll finds the
 * change in time to copy it.
 */
export function withRest(watch: Watch, restMs: number): Watch {
  const { freshWithinMs = Number.POSITIVE_INFINITY } = watch;
  return { ...watch, restMs: Math.min(restMs, freshWithinMs / 2) };
}

/** Of tags that a poll found changed, those that no notice of the last minutes spoke of. */
export function unannounced(
  { subjects }: Pick<RepositoryNotices, 'subjects'>,
  tags: Iterable<string>,
): readonly string[] {
  const told = new Set(subjects.map(({ what }) => what));
  return told.has(WHOLE_REPOSITORY) ? [] : [...new Set(tags)].filter((tag) => !told.has(tag));
}

/** After a poll that found these tags changed. */
export function afterPoll(
  current: RepositoryNotices | undefined,
  tags: Iterable<string>,
  now: Date,
): RepositoryNotices | undefined {
  if (!current || current.missedAt !== undefined || unannounced(current, tags).length === 0) return current;
  return { ...current, missedAt: now.toISOString() };
}
