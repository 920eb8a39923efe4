import { setTimeout as sleep } from 'node:timers/promises';
import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { describeError } from '../shared/errors.ts';
import { contextLogger } from './context-logger.ts';
import { type Call, withinTimeLimit } from './time-limit.ts';

const MAX_PAUSE_MS = 60_000;

export interface QueueWork {
  /** For the log: `import`. */
  readonly what: string;
  /** Resolves also when the work was dead-lettered or sent again for later: nothing that a message can help fails it. */
  run(app: App, message: unknown, call: Call): Promise<unknown>;
}

/**
 * Makes the handler of a queue's messages. Returning completes a message; throwing gives it back. It throws only when
 * the app cannot be built, or its own storage or Service Bus failed: nothing that is cured at once. The queue delivers
 * again without delay and up to ten times, which would be over in a second, so there is a pause first. It grows with
 * each delivery; ten of them take about six minutes. The host renews the message's lock meanwhile.
 */
export function queueWorker(
  app: () => Promise<App>,
  { what, run }: QueueWork,
  pause: (ms: number) => Promise<unknown> = sleep,
): (message: unknown, context: InvocationContext) => Promise<void> {
  return async (message, context) => {
    try {
      const built = await app();
      await withinTimeLimit(context, (call) => run(built, message, call));
    } catch (error) {
      const ms = Math.min(1000 * 2 ** deliveryCountOf(context), MAX_PAUSE_MS);
      contextLogger(context).error(`${what} goes back to the queue`, {
        afterSeconds: ms / 1000,
        error: describeError(error),
      });
      await pause(ms);
      throw error;
    }
  };
}

/** Counts from 1; a message run by hand comes without one. */
function deliveryCountOf({ triggerMetadata }: InvocationContext): number {
  const count = Number(triggerMetadata?.deliveryCount);
  return Number.isSafeInteger(count) && count >= 1 ? count : 1;
}
