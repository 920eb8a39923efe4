import { deadLetterQueueName, QUEUE_PROPERTIES, QUEUES } from '../shared/resources.ts';
import type { QueueOptions } from './service-bus/index.ts';

/**
 * The queues of a deployment under their default names, for the emulator.
 * @param lockDurationMs overrides how long a crashed worker's message stays locked.
 */
export function longshoreQueues(
  lockDurationMs: number = QUEUE_PROPERTIES.lockDurationMs,
): Readonly<Record<string, QueueOptions>> {
  const triggering = Object.values(QUEUES).map(({ name }) => [name, { ...QUEUE_PROPERTIES, lockDurationMs }]);
  return { ...Object.fromEntries(triggering), [deadLetterQueueName(QUEUES.imports.name)]: {} };
}
