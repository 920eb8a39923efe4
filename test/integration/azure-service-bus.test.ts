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
