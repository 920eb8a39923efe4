import { expect, it } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { startRegistry } from '../../local/registry/index.ts';
import { pipelineId } from '../../shared/transfer/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { countingProxy } from '../helpers/counting-proxy.ts';
import { temporaryFolder } from '../helpers/test-registry.ts';
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

it('an import into a registry that limits its rate waits in the queue, and is done when that is over', async () => {
  await using target = await registryWithLimit((line) => line.startsWith('PUT /v2/apps/shop/manifests/'));
  const between = await transferWorld(azurite(), {
    transfer: ({ uri, near }) => `
  exportPipelines:
    - name: outbound
      registry: ${near}
      target: { uri: "${uri}", storageAccessMode: SasToken }
      longshore: { sasToken: { env: TRANSFER_SAS } }
  importPipelines:
    - name: inbound
      registry: ${target.host}
      source: { uri: "${uri}", storageAccessMode: SasToken }
      options: [ContinueOnErrors, DeleteSourceBlobOnSuccess]
      longshore: { sasToken: { env: TRANSFER_SAS } }
`,
  });
  await pushContent(between.near.url, 'apps/shop', ['1.0'], await buildImageIndex({ seed: 'shop' }));
  await between.run({
    name: 'weekly42',
    request: {
      pipelineResourceId: pipelineId('export', between.near.host, 'outbound'),
      artifacts: ['apps/shop:1.0'],
      target: { type: 'AzureStorageBlob', name: 'shop.tar' },
    },
  });
  const before = between.queued();
  const waiting = await between.arrive('shop.tar');
  expect(waiting).toMatchObject({
    response: { status: 'Queued' },
    longshore: {
      errorCode: 'E_RATE_LIMITED',
      failures: 0,
      detail: expect.stringContaining('tried again at'),
      failedArtifacts: [{ code: 'E_RATE_LIMITED' }],
    },
  });
  // The order's message, which the test carries out itself, and the one for later.
  expect(between.queued()).toBe(before + 2);
  expect(between.setAside()).toBe(0);

  target.isOver();
  const done = await between.carryOut(waiting?.name ?? '');
  expect(done.response).toMatchObject({ status: 'Succeeded', importedArtifacts: { length: 1 } });
  expect(done.longshore.failedArtifacts).toEqual([]);
});

it('an export with ContinueOnErrors waits for a registry that limits its rate, and leaves out only what is not there', async () => {
  await using source = await registryWithLimit((line) => line.includes('/manifests/1.1'));
  const between = await transferWorld(azurite(), {
    transfer: ({ uri }) => `
  exportPipelines:
    - name: outbound
      registry: ${source.host}
      target: { uri: "${uri}", storageAccessMode: SasToken }
      options: [ContinueOnErrors]
      longshore: { sasToken: { env: TRANSFER_SAS } }
`,
  });
  for (const tag of ['1.0', '1.1'])
    await pushContent(source.url, 'apps/shop', [tag], await buildImageIndex({ seed: tag }));
  const order = {
    name: 'weekly42',
    request: {
      pipelineResourceId: pipelineId('export', source.host, 'outbound'),
      artifacts: ['apps/shop:1.0', 'apps/shop:1.1', 'apps/shop:absent'],
      target: { type: 'AzureStorageBlob' as const, name: 'shop.tar' },
    },
  };
  expect(await between.run(order)).toMatchObject({
    response: { status: 'Queued' },
    longshore: { errorCode: 'E_RATE_LIMITED' },
  });
  expect(await between.container.getBlobClient('shop.tar').exists()).toBe(false);
  source.isOver();
  expect(await between.carryOut('weekly42')).toMatchObject({
    response: { status: 'Failed' },
    longshore: {
      artifacts: { length: 2 },
      failedArtifacts: [{ name: 'apps/shop:absent', code: 'E_NOT_FOUND' }],
    },
  });
});
