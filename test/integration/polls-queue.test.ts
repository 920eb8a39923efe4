import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { expect, it, onTestFinished } from 'vitest';
import { demoImages, pushContent } from '../../local/demo-content/index.ts';
import { startStack } from '../../local/stack.ts';
import { loadApp } from '../../shared/app/index.ts';
import { newStorageAccount } from '../helpers/azurite.ts';

const WATCHES = 60;

/** Many watches of one tag, each with a target of its own. */
function configuration({ upstream, target }: { readonly upstream: string; readonly target: string }): string {
  const names = Array.from({ length: WATCHES }, (_, at) => `team-${at}`);
  return [
    'registries:',
    `  ${upstream}: { private: true, plainHttp: true }`,
    // Not by the clock: the test may run when a quarter of an hour is over.
    'defaults: { schedule: { every: 1d } }',
    'watches:',
    ...names.map(
      (name) => `  - { name: ${name}, source: ${upstream}/base/node, target: ${target}/${name}, tags: "22" }`,
    ),
    '',
  ].join('\n');
}

it('polls of more watches than one invocation takes go through the queue, and each change is queued once', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'longshore-polls-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await using stack = await startStack({
    folder,
    ports: 'free',
    storage: await newStorageAccount(),
    configuration,
  });
  for (const { repository, tags, content } of await demoImages({ bytesPerLayer: 1024 })) {
    await pushContent(stack.upstream.url, repository, tags, content);
  }
  const app = await loadApp({ environment: stack.settings });
  const broker = new ServiceBusClient(stack.settings.ServiceBus ?? '');
  await using clients = new AsyncDisposableStack();
  clients.defer(() => app.close());
  clients.defer(() => broker.close());

  const first = await app.poll();
  expect(first).toMatchObject({ watches: [], handedOver: { length: WATCHES } });
  await app.poll();

  const receiver = broker.createReceiver('polls', { receiveMode: 'receiveAndDelete' });
  const messages = await receiver.receiveMessages(10, { maxWaitTimeInMs: 2_000 });
  const reports = await Promise.all(messages.map(({ body }) => app.pollWatches(body)));
  expect(messages).toHaveLength(2);
  expect(reports.flatMap(({ watches }) => watches.flatMap(({ errors }) => errors))).toEqual([]);
  const queued = reports.flatMap(({ watches }) => watches.flatMap((watch) => watch.queued));
  expect(new Set(queued.map(({ target }) => target)).size).toBe(WATCHES);
  expect(await Array.fromAsync(app.jobs())).toHaveLength(WATCHES);
  expect((await app.poll()).notDue).toHaveLength(WATCHES);
}, 60_000);
