import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { contextLogger } from './context-logger.ts';
import { logPolls } from './log-polls.ts';
import { withinTimeLimit } from './time-limit.ts';

/**
 * Timer: asks the upstreams of all watches that are due what their tags are now, and queues what moved. Where that
 * is more than one invocation can do, the watches go to the polls queue. A watch that fails is logged and asked again when
 * it is next due; the others go on.
 */
export async function pollUpstreams(app: App, context: InvocationContext): Promise<void> {
  const report = await withinTimeLimit(context, (call) => app.pollUpstreams(call));
  logPolls(report, contextLogger(context));
}
