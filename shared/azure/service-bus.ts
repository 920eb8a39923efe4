import { randomUUID } from 'node:crypto';
import type { ServiceBusClient, ServiceBusMessage, ServiceBusSender } from '@azure/service-bus';
import { InvalidInputError, LongshoreError, QueueError } from '../errors.ts';
import type { DeadLetterQueue, ImportJob, JobQueue } from '../imports/index.ts';
import { lazy } from '../memo.ts';
import type { PollQueue } from '../mirror/index.ts';
import type { BrokerQueue } from '../recovery/index.ts';
import type { TransferMessage, TransferQueue } from '../transfer/index.ts';
import { createBrokerQueue } from './broker-queue.ts';

export interface ServiceBusQueueOptions {
  /** Owned by the caller: it stays open when what is made from it is closed. */
  readonly client: () => Promise<ServiceBusClient>;
  readonly queueName: string;
}

/** What every queue has beside its port. */
export interface QueueEnd {
  /** Asks the broker for the queue without taking a message. @throws QueueError */
  probe(signal?: AbortSignal): Promise<void>;
  /** Closes the queue's own link. Final, as with the SDK's sender. */
  close(): Promise<void>;
}

/** Application properties share 32 KiB with the other headers of a message. */
const MAX_REASON_LENGTH = 4_000;

/**
 * The queue of import jobs. Duplicate detection must be on for repeats to be dropped. As with every queue here, what the
 * broker refuses or does not answer is a `QueueError`.
 */
export function createServiceBusQueue(options: ServiceBusQueueOptions): JobQueue & BrokerQueue & QueueEnd {
  const { send, end } = openQueue(options);
  return {
    ...createBrokerQueue(options.client, options.queueName),
    async send(jobs) {
      if (jobs.length > 0) await send((sender) => sendInBatches(sender, jobs));
    },
    async sendAt(job, at) {
      await send((sender) => sender.sendMessages(scheduled(importMessage(job), at)));
    },
    ...end,
  };
}

/** The queue of polls, with duplicate detection for shards that wait already. */
export function createServiceBusPollQueue(
  options: ServiceBusQueueOptions,
): PollQueue & BrokerQueue & QueueEnd {
  const { send, end } = openQueue(options);
  return {
    ...createBrokerQueue(options.client, options.queueName),
    async send(shards) {
      for (const shard of shards)
        await send((sender) => sender.sendMessages({ ...jsonMessage(shard, shard.id), subject: 'poll' }));
    },
    ...end,
  };
}

/** The queue of pipeline runs, with duplicate detection for orders that repeat. */
export function createServiceBusTransferQueue(
  options: ServiceBusQueueOptions,
): TransferQueue & BrokerQueue & QueueEnd {
  const { send, end } = openQueue(options);
  return {
    ...createBrokerQueue(options.client, options.queueName),
    send: (message) => send((sender) => sender.sendMessages(transferMessage(message))),
    sendAt: (message, at) => send((sender) => sender.sendMessages(scheduled(transferMessage(message), at))),
    ...end,
  };
}

/**
 * A queue of dead letters: the body as it was, the reason in the application properties `reasonCode` and
 * `reasonMessage`. The Functions trigger would give names in another case as camel case; these arrive as they are sent.
 */
export function createServiceBusDeadLetters(options: ServiceBusQueueOptions): DeadLetterQueue & QueueEnd {
  const { send, end } = openQueue(options);
  return {
    async deadLetter(body, { code, message }) {
      const applicationProperties = { reasonCode: code, reasonMessage: message.slice(0, MAX_REASON_LENGTH) };
      await send((sender) =>
        sender.sendMessages({ ...jsonMessage(body, randomUUID()), applicationProperties }),
      );
    },
    ...end,
  };
}

/** A queue whose sender is made when first needed. */
function openQueue({ client, queueName }: ServiceBusQueueOptions): {
  send(run: (sender: ServiceBusSender) => Promise<void>): Promise<void>;
  readonly end: QueueEnd;
} {
  let opened: ServiceBusSender | undefined;
  const sender = lazy(async () => {
    opened = (await client()).createSender(queueName);
    return opened;
  });
  const failure = (operation: string, cause: unknown) =>
    cause instanceof LongshoreError
      ? cause
      : new QueueError(`Could not ${operation} ${queueName}.`, { operation, cause });
  return {
    async send(run) {
      try {
        await run(await sender());
      } catch (error) {
        throw failure('send to queue', error);
      }
    },
    end: {
      async probe(signal) {
        try {
          const receiver = (await client()).createReceiver(queueName);
          try {
            await receiver.peekMessages(1, signal ? { abortSignal: signal } : {});
          } finally {
            await receiver.close();
          }
        } catch (error) {
          signal?.throwIfAborted();
          throw failure('read queue', error);
        }
      },
      close: async () => opened?.close(),
    },
  };
}

async function sendInBatches(sender: ServiceBusSender, jobs: readonly ImportJob[]): Promise<void> {
  let batch = await sender.createMessageBatch();
  for (const job of jobs) {
    const message = importMessage(job);
    if (batch.tryAddMessage(message)) continue;
    if (batch.count > 0) {
      await sender.sendMessages(batch);
      batch = await sender.createMessageBatch();
      if (batch.tryAddMessage(message)) continue;
    }
    throw new InvalidInputError(
      'E_JOB',
      `The job ${job.id} for ${job.target} is larger than a message may be (${batch.maxSizeInBytes} bytes). Name fewer platforms.`,
    );
  }
  await sender.sendMessages(batch);
}

function importMessage(job: ImportJob) {
  return { ...jsonMessage(job, job.id), subject: 'import' };
}

function transferMessage(body: TransferMessage) {
  return { ...jsonMessage(body, `${body.run}-${body.generation}`), subject: 'transfer' };
}

function jsonMessage(body: unknown, messageId: string) {
  return { body, messageId, contentType: 'application/json' };
}

/** Under another message id: under the first, duplicate detection would drop a repeat that is meant. */
function scheduled(message: ServiceBusMessage & { readonly messageId: string }, at: Date): ServiceBusMessage {
  return { ...message, messageId: `${message.messageId}-at-${at.getTime()}`, scheduledEnqueueTimeUtc: at };
}
