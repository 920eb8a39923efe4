import { fileURLToPath } from 'node:url';
import { ServiceBusClient } from '@azure/service-bus';
import { beforeAll, expect, test } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../local/functions-host/index.ts';
import { type ServiceBusEmulator, startServiceBusEmulator } from '../../local/service-bus/index.ts';
import { startHostProcess } from '../fixtures/functions-app/host-process.ts';
import { createLogBook } from '../fixtures/functions-app/log-book.ts';

interface Told {
  message: unknown;
  metadata: Record<string, unknown>;
  most: number;
}

const queue = 'jobs';
/** The queue of a host that is closed before the others. */
const closing = 'closing';
const log = createLogBook();
let broker: ServiceBusEmulator;
let client: ServiceBusClient;
let host: FunctionsHost;

beforeAll(async () => {
  broker = await startServiceBusEmulator({
    queues: { [queue]: { lockDurationMs: 2_000, maxDeliveryCount: 3 }, [closing]: {} },
  });
  client = new ServiceBusClient(broker.connectionString);
  host = await startFunctionsHost({
    root: fileURLToPath(new URL('../fixtures/functions-app/messages', import.meta.url)),
    settings: { AzureWebJobsBus: broker.connectionString, WORK_QUEUE: queue },
    log: log.write,
  });
  return async () => {
    await host.close();
    await client.close();
    await broker.close();
  };
});

async function send(body: unknown, properties: object = {}): Promise<void> {
  await client.createSender(queue).sendMessages({ body, ...properties });
}

const toldOf = (messageId: string) =>
  log.told<Told>('work').filter(({ metadata }) => metadata.messageId === messageId);

const untilToldOf = (messageId: string, count: number) =>
  expect.poll(() => toldOf(messageId).length, { timeout: 15_000 }).toBe(count);

test('a message reaches the function parsed, with its metadata, and is completed', async () => {
  await send(
    { image: 'node' },
    {
      messageId: 'm1',
      correlationId: 'c1',
      subject: 's1',
      contentType: 'application/json',
      applicationProperties: { TenantId: 't', size: 7 },
    },
  );
  await untilToldOf('m1', 1);
  expect(toldOf('m1')[0]).toMatchObject({
    message: { image: 'node' },
    metadata: {
      messageId: 'm1',
      correlationId: 'c1',
      subject: 's1',
      label: 's1',
      contentType: 'application/json',
      deliveryCount: 1,
      sequenceNumber: expect.any(Number),
      enqueuedTimeUtc: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      lockToken: expect.any(String),
      applicationProperties: { tenantId: 't', size: 7 },
    },
  });
  await expect.poll(() => broker.stats(queue)).toMatchObject({ active: 0 });
});

test('text that is not JSON stays text', async () => {
  await send(Buffer.from('plain words'), { messageId: 'm2' });
  await untilToldOf('m2', 1);
  expect(toldOf('m2')[0]?.message).toBe('plain words');
});

test('a message the function fails on is delivered again, and dead-lettered after its last delivery', async () => {
  await send('poison', { messageId: 'm3' });
  const deadLetters = client.createReceiver(queue, {
    subQueueType: 'deadLetter',
    receiveMode: 'receiveAndDelete',
  });
  const [dead] = await deadLetters.receiveMessages(1, { maxWaitTimeInMs: 15_000 });
  expect(dead).toMatchObject({ body: 'poison', deadLetterReason: 'MaxDeliveryCountExceeded' });
  expect(toldOf('m3').map(({ metadata }) => metadata.deliveryCount)).toEqual([1, 2, 3]);
});

test('no more messages are worked on at once than host.json allows', async () => {
  const messages = Array.from({ length: 6 }, (_, n) => ({ body: { slowMs: 150 }, messageId: `n${n}` }));
  await client.createSender(queue).sendMessages(messages);
  for (const { messageId } of messages) await untilToldOf(messageId, 1);
  expect(Math.max(...log.told<Told>('work').map(({ most }) => most))).toBe(2);
});

test('a lock is renewed while the function runs, so a long run is not delivered twice', async () => {
  await send({ slowMs: 4_500 }, { messageId: 'm4' });
  await untilToldOf('m4', 1);
  await log.untilSaid(/Executed 'Functions\.work' \(Succeeded.*Duration=4[5-9]\d\dms|Duration=[5-9]\d{3}ms/);
  await expect.poll(() => broker.stats(queue)).toMatchObject({ active: 0 });
  expect(toldOf('m4')).toHaveLength(1);
});

test('a queue that is not there fails the start', async () => {
  await using other = startHostProcess('messages', { Bus: broker.connectionString, WORK_QUEUE: 'none' });
  await expect(other.ready).rejects.toThrow(
    /^E_LISTENER: Function work cannot listen: .*'none.* could not be found/,
  );
});

test('runs by hand with a message given', async () => {
  await host.invoke('work', { by: 'hand' });
  expect(log.told<Told>('work').some(({ message }) => JSON.stringify(message) === '{"by":"hand"}')).toBe(
    true,
  );
});

test('closing waits for the message being worked on, which is then completed', async () => {
  await using other = startHostProcess('messages', {
    AzureWebJobsBus: broker.connectionString,
    WORK_QUEUE: closing,
  });
  await other.ready;
  await client.createSender(closing).sendMessages({ body: { slowMs: 500 }, messageId: 'last' });
  await expect.poll(() => other.told('work').length, { timeout: 15_000 }).toBe(1);
  expect(await other.stop()).toBe(0);
  expect(broker.stats(closing)).toMatchObject({ active: 0, deadLettered: 0 });
});
