import { setTimeout as sleep } from 'node:timers/promises';
import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { type Pause, withOwnServices } from './own-services.ts';
import type { Call } from './time-limit.ts';

export interface QueueWork {
  /** For the log: `import`. */
  readonly what: string;
  /** Resolves also when the work was dead-lettered or scheduled again. Rejects only when redelivery may help. */
  run(app: App, message: unknown, call: Call): Promise<unknown>;
}

/**
 * Makes the handler of a queue's messages. Returning completes a message; throwing abandons it. Service Bus counts every
 * abandoned message and every expired lock as a delivery, redelivers without delay, and dead-letters after ten. So an
 * outage is waited out within one delivery (`withOwnServices`), while the host renews the message's lock.
 */
export function queueWorker(
  app: () => Promise<App>,
  { what, run }: QueueWork,
  pause: Pause = sleep,
): (message: unknown, context: InvocationContext) => Promise<void> {
  return (message, context) =>
    withOwnServices(app, { what, run: (built, call) => run(built, message, call) }, context, pause);
}
