import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type ServiceBusEmulator, startServiceBusEmulator } from '../../local/service-bus/index.ts';
import {
  createAzureClients,
  createServiceBusDeadLetters,
  createServiceBusPollQueue,
  createServiceBusQueue,
} from '../../shared/azure/index.ts';
import { describeJobQueue, importJob } from '../contract/describe-job-queue.ts';

const QUEUES = Array.from({ length: 12 }, (_, i) => `imports-${i}`);
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

it('keeps one of several polls that wait under the same id', async () => {
  const { queueName, client, close, receive } = open();
  await using queue = new AsyncDisposableStack();
  queue.defer(close);
  const polls = createServiceBusPollQueue({ client, queueName });
  queue.defer(() => polls.close());
  const [first, second] = [
    { id: 'a', watches: ['node', 'python'] },
    { id: 'b', watches: ['alpine'] },
  ] as const;
  await polls.send([first, second]);
  await polls.send([second, first]);
  expect((await receive(4)).map(({ body }) => body)).toEqual([first, second]);
});

describeJobQueue('a Service Bus queue', async () => {
  const { queueName, client, close, receive } = open();
  return {
    queue: createServiceBusQueue({ client, queueName }),
    receive: async (count) => (await receive(count)).map(({ body }) => body),
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

describe('messages dead-lettered on Service Bus', () => {
  it.each([
    ['a job', importJob('22')],
    ['text that is no job', 'no job {'],
    ['nothing', null],
  ])('keep %s as it was, with the reason', async (_, body) => {
    const { queueName, client, close, receive } = open();
    onTestFinished(close);
    const aside = createServiceBusDeadLetters({ client, queueName });
    await aside.deadLetter(body, { code: 'E_JOB', message: `not a job: ${'x'.repeat(5_000)}` });
    const [message] = await receive(1);
    expect(message?.body).toEqual(body);
    expect(message?.applicationProperties).toMatchObject({ reasonCode: 'E_JOB' });
    expect(message?.applicationProperties?.reasonMessage).toMatch(/^not a job: x{3000}/);
    expect(message?.messageId).toBeTruthy();
  });
});
