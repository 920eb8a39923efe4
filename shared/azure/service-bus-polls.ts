import type { PollQueue } from '../mirror/index.ts';
import { lazySender, type ServiceBusQueueOptions } from './service-bus-sender.ts';

/** The queue of polls on Azure Service Bus, with duplicate detection for shards that wait already. */
export function createServiceBusPollQueue(
  options: ServiceBusQueueOptions,
): PollQueue & { close(): Promise<void> } {
  const { sender, close } = lazySender(options);
  return {
    async send(shards) {
      for (const shard of shards) {
        await (await sender()).sendMessages({
          body: shard,
          messageId: shard.id,
          contentType: 'application/json',
          subject: 'poll',
        });
      }
    },
    close,
  };
}
