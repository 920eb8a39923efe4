import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { contextLogger } from './context-logger.ts';
import { withinTimeLimit } from './time-limit.ts';

/** Timer: removes the records that nobody needs any more. What it does not get to, or what fails, is for the next day. */
export async function pruneRecords(app: App, context: InvocationContext): Promise<void> {
  const reports = await withinTimeLimit(context, ({ signal }) => app.prune({ signal }));
  const logger = contextLogger(context);
  for (const { name: records, error, ...counts } of reports) {
    if (error) logger.error('records cannot be pruned', { records, ...counts, ...error });
    else logger.info('records pruned', { records, ...counts });
  }
}
