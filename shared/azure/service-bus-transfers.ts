import type { TransferMessage, TransferQueue } from '../transfer/index.ts';
import { lazySender, type ServiceBusQueueOptions } from './service-bus-sender.ts';

/** The queue of pipeline runs on Azure Service Bus, with duplicate detection for orders that repeat. */
export function createServiceBusTransferQueue(
  options: ServiceBusQueueOptions,
): TransferQueue & { close(): Promise<void> } {
  const { sender, close } = lazySender(options);
  const toMessage = (body: TransferMessage) => ({
    body,
    messageId: `${body.run}-${body.generation}`,
    contentType: 'application/json',
    subject: 'transfer',
  });
  return {
    send: async (message) => (await sender()).sendMessages(toMessage(message)),
    async sendAt(message, at) {
      // A message id of its own: under the first, duplicate detection would drop what is meant as a repeat.
      const messageId = `${message.run}-${message.generation}-at-${at.getTime()}`;
      const repeat = { ...toMessage(message), messageId, scheduledEnqueueTimeUtc: at };
      await (await sender()).sendMessages(repeat);
    },
    close,
  };
}
