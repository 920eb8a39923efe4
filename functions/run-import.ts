import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { contextLogger } from './context-logger.ts';
import { givingBackSlowly, type Pause } from './give-back.ts';
import { withinTimeLimit } from './time-limit.ts';

/**
 * Queue worker: runs one import job. Returning completes the message, also when the job was set aside or sent again for
 * later; throwing gives it back to the queue. It throws only when the app cannot be built, or its own storage or
 * Service Bus failed: nothing an import job can help, and nothing that is cured at once.
 */
export async function runImport(
  app: () => Promise<App>,
  message: unknown,
  context: InvocationContext,
  pause?: Pause,
): Promise<void> {
  const logger = contextLogger(context);
  const work = async () => {
    const built = await app();
    await withinTimeLimit((signal) => built.runImport(message, { logger, signal }));
  };
  await givingBackSlowly('import', context, work, pause);
}
