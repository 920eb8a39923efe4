import { setTimeout as sleep } from 'node:timers/promises';
import type { InvocationContext } from '@azure/functions';
import { describeError } from '../shared/errors.ts';
import { contextLogger } from './context-logger.ts';

const MAX_PAUSE_MS = 60_000;

export type Pause = (ms: number) => Promise<unknown>;

/**
 * Runs the work of a queue message. What it throws gives the message back, after a pause: the queue delivers it again
 * without delay and up to ten times, which would be over in a second. The pause grows with each delivery; ten of them
 * take about six minutes. The host renews the message's lock meanwhile.
 * @param what the work, for the log: `import`
 */
export async function givingBackSlowly<T>(
  what: string,
  context: InvocationContext,
  work: () => Promise<T>,
  pause: Pause = sleep,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const ms = Math.min(1000 * 2 ** deliveryCountOf(context), MAX_PAUSE_MS);
    contextLogger(context).error(`${what} goes back to the queue`, {
      afterSeconds: ms / 1000,
      error: describeError(error),
    });
    await pause(ms);
    throw error;
  }
}

/** Counts from 1; a message run by hand comes without one. */
function deliveryCountOf({ triggerMetadata }: InvocationContext): number {
  const count = Number(triggerMetadata?.deliveryCount);
  return Number.isSafeInteger(count) && count >= 1 ? count : 1;
}
