import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { contextLogger } from './context-logger.ts';
import { givingBackSlowly, type Pause } from './give-back.ts';
import { withinTimeLimit } from './time-limit.ts';

/**
 * Queue worker: carries out one pipeline run. Returning completes the message, also when the run failed for good or was
 * sent again for later; it throws only when the app, its storage or Service Bus failed.
 */
export async function runTransfer(
  app: () => Promise<App>,
  message: unknown,
  context: InvocationContext,
  pause?: Pause,
): Promise<void> {
  const logger = contextLogger(context);
  const work = async () => {
    const built = await app();
    await withinTimeLimit((signal) => built.runTransfer(message, { logger, signal }));
  };
  await givingBackSlowly('transfer', context, work, pause);
}
