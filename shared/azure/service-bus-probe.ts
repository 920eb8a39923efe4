import type { ServiceBusQueueOptions } from './service-bus-sender.ts';

/** Asks the broker for the queue without taking a message. Throws what is wrong. */
export async function probeServiceBusQueue(
  { client, queueName }: ServiceBusQueueOptions,
  signal?: AbortSignal,
): Promise<void> {
  const receiver = (await client()).createReceiver(queueName);
  try {
    await receiver.peekMessages(1, signal ? { abortSignal: signal } : {});
  } finally {
    await receiver.close();
  }
}
