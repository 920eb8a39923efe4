import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { contextLogger } from './context-logger.ts';
import { logPolls } from './log-polls.ts';
import { withinTimeLimit } from './time-limit.ts';

/**
 * Queue worker: polls the watches of one message. Throwing gives the message back; those of its watches that were polled
 * by then are not due any more. One that is lost costs nothing: the timer finds its watches still due.
 */
export async function pollWatches(app: App, message: unknown, context: InvocationContext): Promise<void> {
  const report = await withinTimeLimit(context, ({ signal }) => app.pollWatches(message, { signal }));
  logPolls(report, contextLogger(context));
}
