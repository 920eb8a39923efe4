import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { contextLogger } from './context-logger.ts';

/** What the `imports` queue is created with; the last delivery is set aside with its reason instead of without. */
export const MAX_DELIVERY_COUNT = 10;

/**
 * Queue worker: runs one import job. Returning completes the message, also when it was set aside or scheduled
 * again; throwing gives it back to the queue.
 */
export async function runImport(app: App, message: unknown, context: InvocationContext): Promise<void> {
  const deliveryCount = Number(context.triggerMetadata?.deliveryCount ?? 1);
  await app.runImport(message, {
    deliveryCount,
    maxDeliveryCount: MAX_DELIVERY_COUNT,
    logger: contextLogger(context),
  });
}
