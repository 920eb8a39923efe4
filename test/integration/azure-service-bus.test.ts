import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type ServiceBusEmulator, startServiceBusEmulator } from '../../local/service-bus/index.ts';
import {
  createAzureClients,
  createServiceBusDeadLetters,
  createServiceBusPollQueue,
  createServiceBusQueue,
  createServiceBusTransferQueue,
} from '../../shared/azure/index.ts';
import { describeDeadLetters } from '../contract/describe-dead-letters.ts';
import { describeJobQueue, importJob } from '../contract/describe-job-queue.ts';
import { describePollQueue } from '../contract/describe-poll-queue.ts';
import { describeTransferQueue } from '../contract/describe-transfer-queue.ts';

const QUEUES = Array.from({ length: 20 }, (_, i) => `imports-${i}`);
let emulator: ServiceBusEmulator;
let reader: ServiceBusClient;
let used = 0;

beforeAll(async () => {
  const options = { duplicateWindowMs: 600_000, maxMessageSize: 256 * 1024 };
  emulator = await startServiceBusEmulator({
    queues: Object.fromEntries(QUEUES.map((name) => [name, options])),
  });
  reader = new ServiceBusClient(emulator.connectionString);
});
afterAll(async () => {
  await reader.close();
  await emulator.close();
});

/** A queue nobody used yet, with a client of its own. */
function open() {
  const queueName = QUEUES[used++] ?? 'add more queues';
  const connection = createAzureClients().serviceBus({
    kind: 'connectionString',
    value: emulator.connectionString,
  });
  return {
    queueName,
    client: connection.client,
    close: connection.close,
    async receive(count: number): Promise<ServiceBusReceivedMessage[]> {
      const receiver = reader.createReceiver(queueName, { receiveMode: 'receiveAndDelete' });
      const messages: ServiceBusReceivedMessage[] = [];
      while (messages.length < count) {
        const more = await receiver.receiveMessages(count - messages.length, { maxWaitTimeInMs: 3_000 });
        if (more.length === 0) break;
        messages.push(...more);
      }
      await receiver.close();
      return messages;
    },
  };
}

describeJobQueue('a Service Bus queue', async () => {
  const { queueName, client, close, receive } = open();
  return {
    queue: createServiceBusQueue({ client, queueName }),
    receive: async (count) => (await receive(count)).map(({ body }) => body),
    [Symbol.asyncDispose]: close,
  };
});

describePollQueue('a Service Bus queue', async () => {
  const { queueName, client, close, receive } = open();
  return {
    queue: createServiceBusPollQueue({ client, queueName }),
    receive: async (count) => (await receive(count)).map(({ body }) => body),
    [Symbol.asyncDispose]: close,
  };
});

describeTransferQueue('a Service Bus queue', async () => {
  const { queueName, client, close, receive } = open();
  return {
    queue: createServiceBusTransferQueue({ client, queueName }),
    receive: async (count) => (await receive(count)).map(({ body }) => body),
    [Symbol.asyncDispose]: close,
  };
});

describeDeadLetters('a Service Bus queue', async () => {
  const { queueName, client, close, receive } = open();
  return {
    queue: createServiceBusDeadLetters({ client, queueName }),
    async receive() {
      const [{ body, applicationProperties = {} } = { body: 'no message' }] = await receive(1);
      return { body, code: applicationProperties.reasonCode, message: applicationProperties.reasonMessage };
    },
    [Symbol.asyncDispose]: close,
  };
});

describe('a queue on Service Bus', () => {
  it('says of a failure that it is the queue, and in what', async () => {
    const { client, close } = open();
    onTestFinished(close);
    const queue = createServiceBusQueue({ client, queueName: 'no-such-queue' });
    const failure = { code: 'E_QUEUE', side: 'queue', retryable: true };
    await expect(queue.send([importJob('22')])).rejects.toMatchObject({
      ...failure,
      operation: 'send to queue',
    });
    await expect(queue.probe()).rejects.toMatchObject({ ...failure, operation: 'read queue' });
  });

  it('names messages for people and for duplicate detection', async () => {
    const { queueName, client, close, receive } = open();
    onTestFinished(close);
    const queue = createServiceBusQueue({ client, queueName });
    const job = importJob('22');
    const at = new Date(Date.now() + 50);
    await queue.send([job]);
    await queue.sendAt(job, at);
    const named = { contentType: 'application/json', subject: 'import', body: job };
    expect(await receive(2)).toMatchObject([
      { ...named, messageId: job.id },
      { ...named, messageId: `${job.id}-at-${at.getTime()}` },
    ]);
  });

  it('makes no client before it is needed, and closes only its own link', async () => {
    const { queueName, client, close, receive } = open();
    onTestFinished(close);
    let asked = 0;
    const counted = () => {
      asked += 1;
      return client();
    };
    const idle = createServiceBusQueue({ client: counted, queueName });
    await idle.close();
    expect(asked).toBe(0);
    const first = createServiceBusQueue({ client: counted, queueName });
    await first.send([importJob('22')]);
    await first.close();
    const second = createServiceBusQueue({ client: counted, queueName });
    await second.send([importJob('24')]);
    await second.close();
    expect(asked).toBe(2);
    expect(await receive(2)).toHaveLength(2);
  });
});

describe("the broker's view of a queue on Service Bus", () => {
  /** Gives messages up as the broker does when nothing takes them to their end. */
  async function giveUp(queueName: string, count: number): Promise<void> {
    const receiver = reader.createReceiver(queueName);
    for (const message of await receiver.receiveMessages(count, { maxWaitTimeInMs: 3_000 }))
      await receiver.deadLetterMessage(message, {
        deadLetterReason: 'Tried',
        deadLetterErrorDescription: 'x',
      });
    await receiver.close();
  }

  it('hands over what was given up, removes what was handled and keeps the rest', async () => {
    const { queueName, client, close } = open();
    onTestFinished(close);
    const queue = createServiceBusQueue({ client, queueName });
    const jobs = [importJob('22'), importJob('24'), importJob('26')];
    await queue.send(jobs);
    await giveUp(queueName, jobs.length);
    const seen: unknown[] = [];
    const handled = await queue.drainDeadLetters(
      async (letter) => {
        seen.push(letter);
        if (seen.length === 1) throw new Error('its record cannot be written');
      },
      { max: 100 },
    );
    expect(handled).toBe(3);
    expect(seen).toEqual(
      jobs.map((body) => ({ body, reason: 'Tried', description: 'x', deliveryCount: expect.any(Number) })),
    );
    expect(await queue.peekDeadLetters(10)).toEqual({ messages: [{ body: jobs[0] }], isComplete: true });
    const again: unknown[] = [];
    await queue.drainDeadLetters(async ({ body }) => void again.push(body), { max: 100 });
    expect(again).toEqual([jobs[0]]);
    expect(await queue.drainDeadLetters(async () => {}, { max: 100 })).toBe(0);
  });

  it('shows waiting, locked and scheduled messages up to a limit, and takes none', async () => {
    const { queueName, client, close, receive } = open();
    onTestFinished(close);
    const queue = createServiceBusQueue({ client, queueName });
    await queue.send([importJob('22'), importJob('24')]);
    await queue.sendAt(importJob('26'), new Date(Date.now() + 3_600_000));
    const receiver = reader.createReceiver(queueName);
    await receiver.receiveMessages(1, { maxWaitTimeInMs: 3_000 });
    const { messages, isComplete } = await queue.peek(100);
    expect(messages.map(({ body }) => body)).toEqual([importJob('22'), importJob('24'), importJob('26')]);
    expect(isComplete).toBe(true);
    expect(await queue.peek(2)).toMatchObject({ messages: { length: 2 }, isComplete: false });
    await receiver.close();
    expect(await receive(1)).toHaveLength(1);
  });
});
