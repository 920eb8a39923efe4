import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { expect, it, onTestFinished } from 'vitest';
import { demoConfiguration } from '../../local/demo-configuration.ts';
import { demoImages, pushContent } from '../../local/demo-content/index.ts';
import { startStack } from '../../local/stack.ts';
import { loadApp } from '../../shared/app/index.ts';
import { newStorageAccount } from '../helpers/azurite.ts';

it('every message that Service Bus gave up is taken back, and every tag is imported by the functions', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'longshore-recovery-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await using stack = await startStack({
    folder,
    ports: 'free',
    storage: await newStorageAccount(),
    configuration: demoConfiguration,
  });
  for (const { repository, tags, content } of await demoImages({ bytesPerLayer: 1024 })) {
    await pushContent(stack.upstream.url, repository, tags, content);
  }
  const app = await loadApp({ environment: stack.settings });
  const broker = new ServiceBusClient(stack.settings.ServiceBus ?? '');
  await using clients = new AsyncDisposableStack();
  clients.defer(() => app.close());
  clients.defer(() => broker.close());
  await app.poll();
  const receiver = broker.createReceiver('imports');
  for (let left = 5; left > 0; ) {
    const messages = await receiver.receiveMessages(left, { maxWaitTimeInMs: 3_000 });
    expect(messages).not.toEqual([]);
    for (const message of messages) await receiver.deadLetterMessage(message);
    left -= messages.length;
  }
  const { jobs } = await app.status();
  expect(jobs.map(({ message }) => message)).toEqual(jobs.map(() => 'dead-lettered'));

  await using _functions = await stack.startFunctions();
  await expect
    .poll(async () => (await app.status()).counts, { timeout: 60_000, interval: 500 })
    .toMatchObject({ queued: 0, running: 0, failed: 0, succeeded: 5 });
}, 120_000);
