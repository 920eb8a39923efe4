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
  /** Resolves also when the work was dead-lettered or scheduled again. Rejects only when redelivery may help. */
  run(app: App, message: unknown, call: Call): Promise<unknown>;
}

/**
 * Makes the handler of a queue's messages. Returning completes a message; throwing abandons it. It throws only when
 * the app cannot be built, or its own storage or Service Bus failed: nothing that recovers at once. The queue redelivers
 * without delay, up to ten times, which would take a second. So there is a pause first, which grows with each delivery;
 * ten of them take about six minutes. The host renews the message's lock meanwhile.
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

/** Counts from 1; a message from the admin endpoint has none. */
function deliveryCountOf({ triggerMetadata }: InvocationContext): number {
  const count = Number(triggerMetadata?.deliveryCount);
  return Number.isSafeInteger(count) && count >= 1 ? count : 1;
}
