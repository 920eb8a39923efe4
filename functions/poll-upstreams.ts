import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { contextLogger } from './context-logger.ts';
import { withinTimeLimit } from './time-limit.ts';

/**
 * Timer: asks the upstreams of all watches that are due what their tags are now, and queues what moved. A watch that
 * fails is logged and asked again when it is next due; the others go on.
 */
export async function pollUpstreams(app: App, context: InvocationContext): Promise<void> {
  const logger = contextLogger(context);
  const report = await withinTimeLimit((signal) => app.pollUpstreams({ logger, signal }));
  for (const { watch, selected, queued, unchanged, gone, errors } of report.watches) {
    logger.info('watch polled', {
      watch,
      selected: selected.length,
      queued: queued.length,
      unchanged,
      gone: gone.length,
      errors: errors.length,
    });
    for (const { code, message, tag, target } of errors) {
      logger.warn('watch has an error', { watch, code, message, tag, target });
    }
  }
}
