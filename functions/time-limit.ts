import type { InvocationContext } from '@azure/functions';
import { TransportError } from '../shared/errors.ts';
import type { Logger } from '../shared/telemetry/index.ts';
import { contextLogger } from './context-logger.ts';

/** Five minutes less than `functionTimeout` in host.json: time to write down what became of the work, and to pause. */
export const TIME_LIMIT_MS = 115 * 60_000;

/** What an invocation's work is called with. */
export interface Call {
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Runs an invocation's work so that it ends by itself before the host would end it. The host ends the whole worker
 * process, and every other invocation in it.
 */
export async function withinTimeLimit<T>(
  context: InvocationContext,
  work: (call: Call) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    const message = `The work was not over within ${TIME_LIMIT_MS / 60_000} minutes. What arrived is kept.`;
    limit.abort(new TransportError('E_TIMEOUT', message));
  }, TIME_LIMIT_MS);
  try {
    return await work({ logger: contextLogger(context), signal: limit.signal });
  } finally {
    clearTimeout(timer);
  }
}
