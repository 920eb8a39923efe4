import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  type ProcessErrorArgs,
  ServiceBusClient,
  type ServiceBusError,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from '@azure/service-bus';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ServiceBusEmulator, startServiceBusEmulator } from '../../local/service-bus/index.ts';

let emulator: ServiceBusEmulator;
let client: ServiceBusClient;

beforeEach(async () => {
  emulator = await startServiceBusEmulator({
    queues: {
      Jobs: {},
      short: { lockDurationMs: 250, maxDeliveryCount: 2 },
      renewed: { lockDurationMs: 1000 },
      distinct: { duplicateWindowMs: 60_000 },
      fleeting: { deadLetterOnExpiry: true },
      small: { maxMessageSize: 2048 },
    },
  });
  client = new ServiceBusClient(emulator.connectionString, {
    retryOptions: { maxRetries: 3, retryDelayInMs: 50, maxRetryDelayInMs: 100, timeoutInMs: 3000 },
  });
});

afterEach(async () => {
  await client.close();
  await emulator.close();
});

const send = (queue: string, ...bodies: unknown[]) =>
  client.createSender(queue).sendMessages(bodies.map((body) => ({ body })));

async function receive(receiver: ServiceBusReceiver, count: number): Promise<ServiceBusReceivedMessage[]> {
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < count) {
    const more = await receiver.receiveMessages(count - messages.length, { maxWaitTimeInMs: 3000 });
    if (more.length === 0) throw new Error(`Only ${messages.length} of ${count} messages came.`);
    messages.push(...more);
  }
  return messages;
}

async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receive(receiver, 1);
  if (!message) throw new Error('No message came.');
  return message;
}

const bodies = (messages: readonly { body: unknown }[]) => messages.map(({ body }) => body);
const deadLettersOf = (queue: string) => client.createReceiver(queue, { subQueueType: 'deadLetter' });
const withCode = (code: string) =>
  expect.objectContaining({ code } satisfies Partial<Record<keyof ServiceBusError, string>>);

describe('sending', () => {
  test('a message arrives with everything it was sent with', async () => {
    const sent = {
      body: { n: 1 },
      messageId: 'm1',
      subject: 's',
      correlationId: 'c',
      contentType: 'application/json',
      applicationProperties: { tenant: 'x', count: 3, ok: true, ratio: 0.5 },
    };
    await client.createSender('jobs').sendMessages(sent);
    const receiver = client.createReceiver('jobs');
    const message = await receiveOne(receiver);
    expect(message).toMatchObject({ ...sent, deliveryCount: 0, state: 'active' });
    expect(message.sequenceNumber?.toNumber()).toBe(1);
    expect(message.enqueuedTimeUtc).toBeInstanceOf(Date);
    expect(message.lockedUntilUtc?.getTime()).toBeGreaterThan(Date.now());
    await receiver.completeMessage(message);
    expect(emulator.stats('jobs')).toMatchObject({ active: 0, locked: 0, completed: 1 });
  });

  test('an array keeps its order and the kinds of its bodies', async () => {
    await send('jobs', 'text', Buffer.from([0, 255]), null, [1, 2]);
    const messages = await receive(client.createReceiver('jobs'), 4);
    expect(bodies(messages)).toEqual(['text', Buffer.from([0, 255]), null, [1, 2]]);
    expect(new Set(messages.map(({ messageId }) => messageId)).size).toBe(4);
  });

  test('a batch takes as much as the queue says, and arrives whole', async () => {
    const sender = client.createSender('small');
    const batch = await sender.createMessageBatch();
    expect(batch.maxSizeInBytes).toBe(2048);
    while (batch.tryAddMessage({ body: 'x'.repeat(100) }));
    await sender.sendMessages(batch);
    expect(emulator.stats('small').active).toBe(batch.count);
    expect(batch.count).toBeGreaterThan(5);
  });

  test('a message larger than the queue takes is refused', async () => {
    await expect(send('small', 'x'.repeat(3000))).rejects.toEqual(withCode('MessageSizeExceeded'));
    expect(emulator.stats('small').active).toBe(0);
  });

  test('a message of many frames arrives whole', async () => {
    await send('jobs', 'x'.repeat(200_000));
    expect((await receiveOne(client.createReceiver('jobs'))).body).toHaveLength(200_000);
  });

  test('a repeated message id is dropped', async () => {
    const sender = client.createSender('distinct');
    for (const messageId of ['1', '1', '2', '1']) await sender.sendMessages({ body: messageId, messageId });
    expect(emulator.stats('distinct')).toMatchObject({ active: 2, duplicates: 2 });
  });

  test('scheduled messages come when due, unless cancelled', async () => {
    const sender = client.createSender('jobs');
    // Far enough ahead that a busy machine sends all three before it.
    const due = new Date(Date.now() + 2_000);
    const [, second] = await sender.scheduleMessages([{ body: 'kept' }, { body: 'cancelled' }], due);
    await sender.cancelScheduledMessages(second ?? []);
    await sender.sendMessages({ body: 'also', scheduledEnqueueTimeUtc: due });
    expect(emulator.stats('jobs')).toMatchObject({ active: 0, scheduled: 2 });
    const messages = await receive(client.createReceiver('jobs'), 2);
    expect(bodies(messages)).toEqual(['kept', 'also']);
    expect(Date.now()).toBeGreaterThanOrEqual(due.getTime());
    await expect(sender.cancelScheduledMessages(second ?? [])).rejects.toEqual(withCode('MessageNotFound'));
  });

  test('an expired message becomes a dead letter, though nobody receives', async () => {
    await client.createSender('fleeting').sendMessages({ body: 't', timeToLive: 50 });
    const dead = await receiveOne(deadLettersOf('fleeting'));
    expect(dead.deadLetterReason).toBe('TTLExpiredException');
  });
});

describe('settling', () => {
  test('an abandoned message comes again with the properties it was given', async () => {
    await send('jobs', 'a');
    const receiver = client.createReceiver('jobs');
    await receiver.abandonMessage(await receiveOne(receiver), { why: 'busy' });
    const again = await receiveOne(receiver);
    expect(again).toMatchObject({ body: 'a', deliveryCount: 1, applicationProperties: { why: 'busy' } });
  });

  test('a dead-lettered message lies in the sub-queue with its reason, and can be completed there', async () => {
    await send('jobs', 'bad');
    const receiver = client.createReceiver('jobs');
    await receiver.deadLetterMessage(await receiveOne(receiver), {
      deadLetterReason: 'Poison',
      deadLetterErrorDescription: 'No such tenant.',
      extra: 'e',
    });
    const deadLetters = deadLettersOf('jobs');
    const dead = await receiveOne(deadLetters);
    expect(dead).toMatchObject({
      body: 'bad',
      deadLetterReason: 'Poison',
      deadLetterErrorDescription: 'No such tenant.',
      deadLetterSource: 'Jobs',
      applicationProperties: { extra: 'e' },
    });
    await deadLetters.completeMessage(dead);
    expect(emulator.stats('jobs').deadLettered).toBe(0);
  });

  test('a deferred message is received by its number, by one receiver', async () => {
    await send('jobs', 'later');
    const receiver = client.createReceiver('jobs');
    const message = await receiveOne(receiver);
    await receiver.deferMessage(message);
    const [deferred] = await receiver.receiveDeferredMessages(message.sequenceNumber ?? []);
    if (!deferred) throw new Error('The deferred message is gone.');
    expect(deferred).toMatchObject({ body: 'later', state: 'deferred' });
    await expect(receiver.receiveDeferredMessages(message.sequenceNumber ?? [])).rejects.toEqual(
      withCode('MessageNotFound'),
    );
    await receiver.completeMessage(deferred);
    expect(emulator.stats('jobs')).toMatchObject({ deferred: 0, locked: 0, completed: 1 });
  });

  test('a deferred message can be abandoned, deferred again, dead-lettered', async () => {
    await send('jobs', 'later');
    const receiver = client.createReceiver('jobs');
    const message = await receiveOne(receiver);
    await receiver.deferMessage(message, { step: 1 });
    const enough = { deadLetterReason: 'enough', deadLetterErrorDescription: 'Three times.' };
    const steps: ((message: ServiceBusReceivedMessage) => Promise<void>)[] = [
      (deferred) => receiver.abandonMessage(deferred, { step: 2 }),
      (deferred) => receiver.deferMessage(deferred, { step: 3 }),
      (deferred) => receiver.deadLetterMessage(deferred, enough),
    ];
    for (const [index, step] of steps.entries()) {
      const [deferred] = await receiver.receiveDeferredMessages(message.sequenceNumber ?? []);
      if (!deferred) throw new Error('The deferred message is gone.');
      expect(deferred.applicationProperties).toEqual({ step: index + 1 });
      await step(deferred);
    }
    const dead = await receiveOne(deadLettersOf('jobs'));
    expect(dead).toMatchObject({ ...enough, applicationProperties: { step: 3 } });
  });

  test('a message received in the mode that deletes is gone', async () => {
    await send('jobs', 1, 2);
    const receiver = client.createReceiver('jobs', { receiveMode: 'receiveAndDelete' });
    expect(bodies(await receive(receiver, 2))).toEqual([1, 2]);
    expect(emulator.stats('jobs')).toMatchObject({ active: 0, locked: 0, completed: 2 });
  });

  test('peeking locks nothing', async () => {
    await send('jobs', 'p1', 'p2');
    const receiver = client.createReceiver('jobs');
    const peeked = await receiver.peekMessages(10);
    expect(bodies(peeked)).toEqual(['p1', 'p2']);
    expect(peeked[0]).toMatchObject({ state: 'active', lockToken: undefined });
    expect(await receiver.peekMessages(10)).toEqual([]);
    expect(emulator.stats('jobs')).toMatchObject({ active: 2, locked: 0 });
  });
});

describe('locks', () => {
  test('a lock that ends makes the message come again, and a late settlement fail', async () => {
    await send('short', 'x');
    const receiver = client.createReceiver('short', { maxAutoLockRenewalDurationInMs: 0 });
    const first = await receiveOne(receiver);
    const second = await receiveOne(receiver);
    expect(second).toMatchObject({ body: 'x', deliveryCount: 1 });
    await expect(receiver.completeMessage(first)).rejects.toEqual(withCode('MessageLockLost'));
    const dead = await receiveOne(deadLettersOf('short'));
    expect(dead.deadLetterReason).toBe('MaxDeliveryCountExceeded');
    await expect(receiver.renewMessageLock(second)).rejects.toEqual(withCode('MessageLockLost'));
  });

  test('a lock can be renewed', async () => {
    await send('jobs', 'r');
    const receiver = client.createReceiver('jobs', { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(receiver);
    const before = message.lockedUntilUtc?.getTime() ?? 0;
    await vi.waitFor(async () =>
      expect((await receiver.renewMessageLock(message)).getTime()).toBeGreaterThan(before),
    );
    await receiver.completeMessage(message);
  });

  test('the SDK keeps a message locked by renewing, past its first lock', async () => {
    await send('renewed', 'long');
    const receiver = client.createReceiver('renewed', { maxAutoLockRenewalDurationInMs: 60_000 });
    const message = await receiveOne(receiver);
    const firstEnd = message.lockedUntilUtc?.getTime() ?? 0;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(firstEnd), { timeout: 5000 });
    await receiver.completeMessage(message);
    expect(emulator.stats('renewed')).toMatchObject({ completed: 1, locksExpired: 0 });
  });
});

describe('subscribing', () => {
  test('messages are handled side by side, completed, and given again when the handler throws', async () => {
    const count = 200;
    await send('jobs', ...Array(count).keys());
    const receiver = client.createReceiver('jobs');
    const deliveries: unknown[] = [];
    let running = 0;
    let most = 0;
    const errors: ProcessErrorArgs[] = [];
    const subscription = receiver.subscribe(
      {
        async processMessage({ body, deliveryCount }) {
          most = Math.max(most, ++running);
          await new Promise(setImmediate);
          running--;
          deliveries.push(body);
          if (body === 7 && deliveryCount === 0) throw new Error('once');
        },
        async processError(args) {
          errors.push(args);
        },
      },
      { maxConcurrentCalls: 10 },
    );
    await vi.waitFor(() => expect(emulator.stats('jobs').completed).toBe(count), { timeout: 5000 });
    await subscription.close();
    expect(deliveries.filter((body) => body === 7)).toHaveLength(2);
    expect(new Set(deliveries).size).toBe(count);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(10);
    expect(errors.map(({ errorSource }) => errorSource)).toEqual(['processMessageCallback']);
  });

  test('thousands of messages pass through one receiver', async () => {
    const count = 5000;
    await send('jobs', ...Array(count).keys());
    const receiver = client.createReceiver('jobs');
    let sum = 0;
    receiver.subscribe(
      {
        async processMessage({ body }) {
          sum += Number(body);
        },
        async processError() {},
      },
      { maxConcurrentCalls: 100 },
    );
    await vi.waitFor(() => expect(emulator.stats('jobs').completed).toBe(count), { timeout: 10_000 });
    expect(sum).toBe((count * (count - 1)) / 2);
  });

  test('two receivers share the messages', async () => {
    const handled = [0, 0];
    for (const index of [0, 1]) {
      client.createReceiver('jobs').subscribe({
        async processMessage() {
          handled[index] = (handled[index] ?? 0) + 1;
        },
        async processError() {},
      });
    }
    await send('jobs', ...Array(50).keys());
    await vi.waitFor(() => expect(emulator.stats('jobs').completed).toBe(50));
    expect(handled.every((count) => count > 0)).toBe(true);
  });
});

describe('connections', () => {
  test('a queue that is not there is reported as such', async () => {
    await expect(send('nowhere', 1)).rejects.toEqual(withCode('MessagingEntityNotFound'));
    expect(() => emulator.stats('nowhere')).toThrow('There is no queue "nowhere"');
  });

  test('sender and receivers recover from dropped connections, and locks outlive them', async () => {
    await send('distinct', 'held');
    const holder = client.createReceiver('distinct');
    const held = await receiveOne(holder);
    const handled = new Set<unknown>();
    client.createReceiver('jobs').subscribe({
      async processMessage({ body }) {
        handled.add(body);
      },
      async processError() {},
    });
    const sender = client.createSender('jobs');
    await sender.sendMessages({ body: 'before' });
    await vi.waitFor(() => expect(emulator.stats('jobs').completed).toBe(1));

    emulator.dropConnections();
    await sender.sendMessages({ body: 'after' });
    await vi.waitFor(() => expect(emulator.stats('jobs').completed).toBe(2), { timeout: 10_000 });
    expect([...handled]).toEqual(['before', 'after']);

    // The link that brought it is gone: the SDK settles through the management node.
    expect(emulator.stats('distinct').locked).toBe(1);
    await holder.completeMessage(held);
    expect(emulator.stats('distinct')).toMatchObject({ locked: 0, completed: 1 });
  });

  test('closing leaves no socket and no timer, with a client connected, a lock held and a message scheduled', async () => {
    const emulatorModule = new URL('../../local/service-bus/index.ts', import.meta.url).href;
    const script = `
      import rhea from 'rhea';
      import { startServiceBusEmulator } from ${JSON.stringify(emulatorModule)};
      const emulator = await startServiceBusEmulator({ queues: { jobs: {} } });
      const connection = rhea.connect({ port: emulator.port, reconnect: false, idle_time_out: 60_000 });
      connection.on('disconnected', () => {});
      const sender = connection.open_sender('jobs');
      connection.open_receiver({ source: 'jobs', autoaccept: false });
      sender.once('sendable', () => {
        sender.send({ body: 'locked' });
        const due = new Date(Date.now() + 3_600_000);
        sender.send({ body: 'later', message_annotations: { 'x-opt-scheduled-enqueue-time': due } });
      });
      connection.once('message', async () => {
        const { locked, scheduled } = emulator.stats('jobs');
        await emulator.close();
        await emulator.close();
        console.log(locked, scheduled);
      });`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 10_000,
    });
    expect(await run).toEqual({ stdout: '1 1\n', stderr: '' });
  });
});
