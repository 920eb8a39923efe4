import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { contextLogger } from './context-logger.ts';
import { withinTimeLimit } from './time-limit.ts';

/**
 * Timer: asks about what notices spoke of and could not be asked about when they came, because there were too many or
 * the registry did not answer.
 */
export async function followNotices(app: App, context: InvocationContext): Promise<void> {
  const logger = contextLogger(context);
  await withinTimeLimit((signal) => app.webhooks.followWaiting({ logger, signal }));
}
