import { expect, it } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { startRegistry } from '../../local/registry/index.ts';
import { type App, loadApp } from '../../shared/app/index.ts';
import { createAzureClients, createTableRecords } from '../../shared/azure/index.ts';
import { type Pause, pauseSchema } from '../../shared/budget/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { countingProxy } from '../helpers/counting-proxy.ts';
import { temporaryFolder } from '../helpers/test-registry.ts';
import { exportOrder, exportPipeline, importPipeline } from '../helpers/transfer-pipelines.ts';
import { transferWorld } from '../helpers/transfer-world.ts';

const azurite = useAzurite();
const LIMITED = { status: 429, headers: { 'retry-after': '3600' } };

/** A registry that at times has had enough of requests that match. */
async function registryWithLimit(isMeant: (line: string) => boolean) {
  const registry = await startRegistry({ folder: await temporaryFolder() });
  let isLimiting = true;
  const proxy = await countingProxy(registry.host, (line) =>
    isLimiting && isMeant(line) ? LIMITED : undefined,
  );
  return {
    url: registry.url,
    host: proxy.host,
    isOver: () => {
      isLimiting = false;
    },
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

/** As if the time were over that registries wanted to be left alone. */
async function forgetPauses(value: string): Promise<void> {
  const records = createTableRecords<Pause>({
    table: () => createAzureClients().table({ kind: 'connectionString', value }, 'pauses'),
    schema: pauseSchema,
  });
  for await (const { key } of records.list()) await records.remove(key);
}

/** Longshore as a process that was started just now. */
async function startApp(environment: Record<string, string>) {
  const app = await loadApp({ environment });
  return { app, [Symbol.asyncDispose]: () => app.close() };
}

const generationOf = async (app: App) => (await app.transfers.run('weekly42'))?.longshore.generation;

it('an import into a registry that limits its rate waits in the queue, and is done when that is over', async () => {
  await using target = await registryWithLimit((line) => line.startsWith('PUT /v2/apps/shop/manifests/'));
  const between = await transferWorld(azurite(), {
    transfer: ({ uri, near }) => ({
      exportPipelines: [exportPipeline(uri, 'outbound', { registry: near })],
      importPipelines: [
        importPipeline(uri, 'inbound', {
          registry: target.host,
          options: ['ContinueOnErrors', 'DeleteSourceBlobOnSuccess'],
        }),
      ],
    }),
  });
  await pushContent(between.near.url, 'apps/shop', ['1.0'], await buildImageIndex({ seed: 'shop' }));
  await between.run(exportOrder('weekly42', [between.near.host, 'outbound'], ['apps/shop:1.0']));
  const before = between.queued();
  const waiting = await between.arrive('shop.tar');
  expect(waiting).toMatchObject({
    response: { status: 'Queued' },
    longshore: {
      errorCode: 'E_RATE_LIMITED',
      failures: 0,
      detail: expect.stringContaining('waits until'),
      failedArtifacts: [{ code: 'E_RATE_LIMITED' }],
    },
  });
  // The order's message, which the test carries out itself, and the one for later.
  expect(between.queued()).toBe(before + 2);
  expect(between.deadLetters()).toBe(0);

  target.isOver();
  const done = await between.carryOut(waiting?.name ?? '');
  expect(done.response).toMatchObject({ status: 'Succeeded', importedArtifacts: { length: 1 } });
  expect(done.longshore.failedArtifacts).toEqual([]);
});

it('an export with ContinueOnErrors waits for a registry that limits its rate, and leaves out only what is not there', async () => {
  await using source = await registryWithLimit((line) => line.includes('/manifests/1.1'));
  const between = await transferWorld(azurite(), {
    transfer: ({ uri }) => ({
      exportPipelines: [
        exportPipeline(uri, 'outbound', { registry: source.host, options: ['ContinueOnErrors'] }),
      ],
    }),
  });
  for (const tag of ['1.0', '1.1'])
    await pushContent(source.url, 'apps/shop', [tag], await buildImageIndex({ seed: tag }));
  const artifacts = ['apps/shop:1.0', 'apps/shop:1.1', 'apps/shop:absent'];
  expect(await between.run(exportOrder('weekly42', [source.host, 'outbound'], artifacts))).toMatchObject({
    response: { status: 'Queued' },
    longshore: { errorCode: 'E_RATE_LIMITED' },
  });
  expect(await between.container.getBlobClient('shop.tar').exists()).toBe(false);
  // For an hour no worker asks, not even another one.
  source.isOver();
  expect((await between.carryOut('weekly42')).response.status).toBe('Queued');
  await forgetPauses(azurite());
  await using later = await startApp(between.environment);
  await later.app.runTransfer({ run: 'weekly42', generation: (await generationOf(later.app)) ?? '' });
  expect(await later.app.transfers.run('weekly42')).toMatchObject({
    response: { status: 'Failed' },
    longshore: {
      artifacts: { length: 2 },
      failedArtifacts: [{ name: 'apps/shop:absent', code: 'E_NOT_FOUND' }],
    },
  });
});

it('an export keeps to the budget of its registry: it reserves, spends and waits as imports do', async () => {
  await using registry = await startRegistry({ folder: await temporaryFolder() });
  const source = await countingProxy(registry.host);
  const between = await transferWorld(azurite(), {
    registries: { [source.host]: { budget: { limit: 20, window: '6h' } } },
    transfer: ({ uri }) => ({
      exportPipelines: [
        exportPipeline(uri, 'outbound', { registry: source.host, options: ['ContinueOnErrors'] }),
      ],
    }),
  });
  for (const tag of ['1', '2', '3', '4', '5', '6', '7', '8', '9'])
    await pushContent(registry.url, 'apps/shop', [tag], await buildImageIndex({ seed: tag }));
  const order = (name: string, tags: readonly string[]) => {
    const artifacts = tags.map((tag) => `apps/shop:${tag}`);
    return exportOrder(name, [source.host, 'outbound'], artifacts, `${name}.tar`);
  };
  const pulls = () => source.log.filter((line) => /^GET \S+\/manifests\//.test(line)).length;
  const budget = async () => (await Array.fromAsync(between.app.budgets()))[0];

  const done = await between.run(order('first', ['1', '2', '3', '4']));
  expect(done).toMatchObject({ response: { status: 'Succeeded' }, longshore: { artifacts: { length: 4 } } });
  const spent = pulls();
  expect(await budget()).toMatchObject({ registry: source.host, available: 20 - spent, reserved: 0 });

  const waiting = await between.run(order('second', ['5', '6', '7', '8']));
  expect(waiting).toMatchObject({
    response: { status: 'Queued' },
    longshore: { errorCode: 'E_BUDGET', failures: 0, detail: expect.stringContaining('waits until') },
  });
  expect(waiting.longshore.pulls).toBeGreaterThan(20 - spent);
  expect(pulls()).toBe(spent);
  expect(between.deadLetters()).toBe(0);

  const tooLarge = await between.run(
    order('third', ['1', '2', '3', '4', '5', '6', '7', '8', '9', '1*', '*']),
  );
  expect(tooLarge).toMatchObject({
    response: {
      status: 'Failed',
      pipelineRunErrorMessage: expect.stringContaining('Copy less per run'),
    },
  });
  expect(pulls()).toBe(spent);
});
