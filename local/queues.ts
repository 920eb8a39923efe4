import type { QueueOptions } from './service-bus/index.ts';

const MINUTE_MS = 60_000;

/**
 * The queues that Longshore works with, as they are to be set up in Azure.
 * @param importsLockMs how long a worker that died keeps its job from others. Default: a minute, as in Azure.
 */
export function longshoreQueues(importsLockMs = MINUTE_MS): Readonly<Record<string, QueueOptions>> {
  const duplicateWindowMs = 10 * MINUTE_MS;
  return {
    imports: { duplicateWindowMs, lockDurationMs: importsLockMs },
    'imports-set-aside': {},
    polls: { duplicateWindowMs },
    transfers: { duplicateWindowMs, lockDurationMs: importsLockMs },
  };
}

/** The settings that name them to the functions. */
export const QUEUE_SETTINGS = {
  IMPORTS_QUEUE: 'imports',
  POLLS_QUEUE: 'polls',
  TRANSFERS_QUEUE: 'transfers',
} as const;
