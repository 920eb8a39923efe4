import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import Long from 'long';
import type { BrokerQueue, PeekedMessages } from '../recovery/index.ts';

const PAGE = 250;
/** Handled within the time that a message stays locked. */
const HANDLED_AT_ONCE = 20;
const WAIT_FOR_MESSAGES_MS = 1_000;

/** A Service Bus queue as its broker sees it, with its `$DeadLetterQueue`. Links are opened for each call. */
export function createBrokerQueue(client: () => Promise<ServiceBusClient>, queueName: string): BrokerQueue {
  const deadLetterReceiver = async () =>
    (await client()).createReceiver(queueName, { subQueueType: 'deadLetter', receiveMode: 'peekLock' });
  return {
    peek: async (max, signal) => peekAtMost((await client()).createReceiver(queueName), max, signal),
    peekDeadLetters: async (max, signal) => peekAtMost(await deadLetterReceiver(), max, signal),
    async drainDeadLetters(handle, { max, signal }) {
      const receiver = await deadLetterReceiver();
      try {
        // One request where there is nothing to do, which is nearly always: a receiver would wait for messages.
        const first = await receiver.peekMessages(1, { fromSequenceNumber: Long.ZERO, ...abortable(signal) });
        if (first.length === 0) return 0;
        return await drain(receiver, handle, max, signal);
      } finally {
        await receiver.close();
      }
    },
  };
}

type Handle = Parameters<BrokerQueue['drainDeadLetters']>[0];

async function drain(
  receiver: ServiceBusReceiver,
  handle: Handle,
  max: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const kept: ServiceBusReceivedMessage[] = [];
  let count = 0;
  while (count < max) {
    const messages = await receiver.receiveMessages(Math.min(HANDLED_AT_ONCE, max - count), {
      maxWaitTimeInMs: WAIT_FOR_MESSAGES_MS,
      ...abortable(signal),
    });
    if (messages.length === 0) break;
    count += messages.length;
    await Promise.all(
      messages.map(async (message) => {
        try {
          await handle(deadLetterOf(message));
          await receiver.completeMessage(message);
        } catch {
          // `handle` reported its failure; a message that was not removed is handed over again.
          kept.push(message);
        }
      }),
    );
  }
  // Only now: an abandoned message would be received again at once. One that cannot be abandoned is unlocked by time.
  await Promise.allSettled(kept.map((message) => receiver.abandonMessage(message)));
  return count;
}

function deadLetterOf({
  body,
  deadLetterReason: reason,
  deadLetterErrorDescription: description,
  deliveryCount = 0,
}: ServiceBusReceivedMessage) {
  return { body, reason, description, deliveryCount };
}

/** Closes the receiver. */
async function peekAtMost(
  receiver: ServiceBusReceiver,
  max: number,
  signal: AbortSignal | undefined,
): Promise<PeekedMessages> {
  const messages: { readonly body: unknown }[] = [];
  // Without it the SDK goes on after what the last receiver of the same queue peeked.
  let fromSequenceNumber = Long.ZERO;
  try {
    // A page may be smaller than asked for while there is more; only an empty one is the end.
    while (messages.length < max) {
      const page = await receiver.peekMessages(Math.min(PAGE, max - messages.length), {
        fromSequenceNumber,
        ...abortable(signal),
      });
      const last = page.at(-1)?.sequenceNumber;
      if (last === undefined) return { messages, isComplete: true };
      messages.push(...page.map(({ body }) => ({ body })));
      fromSequenceNumber = last.add(1);
    }
    return { messages, isComplete: false };
  } finally {
    await receiver.close();
  }
}

function abortable(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}
