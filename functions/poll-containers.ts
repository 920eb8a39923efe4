import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { contextLogger } from './context-logger.ts';
import { withinTimeLimit } from './time-limit.ts';

/** Timer: looks for archives in the containers of import pipelines that no blob trigger listens to. */
export async function pollContainers(app: App, context: InvocationContext): Promise<void> {
  const logger = contextLogger(context);
  await withinTimeLimit((signal) => app.pollContainers({ logger, signal }));
}
