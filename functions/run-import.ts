import { setTimeout as sleep } from 'node:timers/promises';
import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { describeError } from '../shared/errors.ts';
import { contextLogger } from './context-logger.ts';
import { withinTimeLimit } from './time-limit.ts';

const MAX_PAUSE_MS = 60_000;

/**
 * Queue worker: runs one import job. Returning completes the message, also when the job was set aside or sent again for
 * later; throwing gives it back to the queue.
 *
 * It throws only when the app cannot be built, or its own storage or Service Bus failed: nothing an import job can help,
 * and nothing that is cured at once. The queue gives a message back without delay and up to ten times, which would be
 * over in a second, so a failed delivery pauses before it throws, longer each time: ten of them take about six minutes.
 * The host renews the message's lock meanwhile.
 */
export async function runImport(
  app: () => Promise<App>,
  message: unknown,
  context: InvocationContext,
  pause: (ms: number) => Promise<unknown> = sleep,
): Promise<void> {
  const logger = contextLogger(context);
  try {
    const built = await app();
    await withinTimeLimit((signal) => built.runImport(message, { logger, signal }));
  } catch (error) {
    const ms = Math.min(1000 * 2 ** deliveryCountOf(context), MAX_PAUSE_MS);
    logger.error('import goes back to the queue', { afterSeconds: ms / 1000, error: describeError(error) });
    await pause(ms);
    throw error;
  }
}

/** Counts from 1; a message run by hand comes without one. */
function deliveryCountOf({ triggerMetadata }: InvocationContext): number {
  const count = Number(triggerMetadata?.deliveryCount);
  return Number.isSafeInteger(count) && count >= 1 ? count : 1;
}
