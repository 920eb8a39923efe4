import type { InvocationContext } from '@azure/functions';
import { withDeadline } from '../shared/deadline.ts';
import type { Logger } from '../shared/telemetry/index.ts';
import { contextLogger } from './context-logger.ts';

/** Five minutes less than `functionTimeout` in host.json: time to record the outcome, and to pause before a retry. */
export const TIME_LIMIT_MS = 115 * 60_000;

/** What an invocation's work is called with. */
export interface Call {
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Aborts an invocation's work before the host times it out: the host then ends the whole worker process, and every
 * other invocation in it.
 * @throws TransportError `E_TIMEOUT` when the limit was reached; else what `work` throws.
 */
export function withinTimeLimit<T>(context: InvocationContext, work: (call: Call) => Promise<T>): Promise<T> {
  const logger = contextLogger(context);
  return withDeadline(TIME_LIMIT_MS, 'The invocation did not finish', (signal) => work({ logger, signal }));
}
