import { expect, it } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { startCli } from '../helpers/cli.ts';
import { countingProxy } from '../helpers/counting-proxy.ts';
import { exportOrder, exportPipeline, importPipeline } from '../helpers/transfer-pipelines.ts';
import { type TransferWorld, transferWorld } from '../helpers/transfer-world.ts';

const azurite = useAzurite();

const world = (connection = azurite()) =>
  transferWorld(connection, {
    transfer: ({ uri, near }) => ({
      exportPipelines: [exportPipeline(uri, 'outbound', { registry: near, longshore: { partSize: '40KB' } })],
      importPipelines: [importPipeline(uri, 'inbound', { options: ['DeleteSourceBlobOnSuccess'] })],
    }),
  });

/** Three images in an archive of several parts. */
async function exportParts(between: TransferWorld): Promise<readonly string[]> {
  for (const tag of ['1.0', '1.1', '1.2'])
    await pushContent(between.near.url, 'apps/shop', [tag], await buildImageIndex({ seed: tag }));
  const run = await between.run(orderOf(between));
  expect(run.response.status).toBe('Succeeded');
  return run.longshore.parts ?? [];
}

function orderOf({ near }: TransferWorld) {
  return exportOrder('weekly42', [near.host, 'outbound'], ['apps/shop:1.*']);
}

async function names({ container }: TransferWorld): Promise<readonly string[]> {
  return (await Array.fromAsync(container.listBlobsFlat())).map(({ name }) => name);
}

it('an import that breaks off while it deletes what it imported goes on deleting, and reports what it imported', async () => {
  const between = await world();
  const [first = '', second = ''] = await exportParts(between);
  const lease = between.container.getBlobClient(second).getBlobLeaseClient();
  await lease.acquireLease(-1);
  const brokenOff = await between.arrive(first);
  expect(brokenOff).toMatchObject({
    response: { status: 'Queued', pipelineRunErrorMessage: expect.stringContaining('LeaseIdMissing') },
    longshore: { isImported: true },
  });
  expect(await names(between)).toContain(first);

  await lease.releaseLease();
  const ended = await between.carryOut(brokenOff?.name ?? '');
  expect(ended.response).toMatchObject({ status: 'Succeeded', importedArtifacts: { length: 3 } });
  expect(ended.response).not.toHaveProperty('pipelineRunErrorMessage');
  expect(await names(between)).toEqual([]);
});

it('an import tells of each artifact what was done, and of the archive its catalog and size', async () => {
  const between = await world();
  const [first = ''] = await exportParts(between);
  const exported = await between.app.transfers.run('weekly42');
  const run = await between.arrive(first);
  expect(run?.response.catalogDigest).toBe(exported?.response.catalogDigest);
  expect(run?.longshore.bytes).toBe(exported?.longshore.bytes);
  expect(run?.longshore.artifacts).toMatchObject(
    (exported?.longshore.artifacts ?? []).map(({ digest }) => ({ digest, state: 'succeeded' })),
  );
});

it('an export that two workers have at once succeeds, and is no failure to either', async () => {
  const between = await world();
  for (const tag of ['1.0', '1.1', '1.2'])
    await pushContent(between.near.url, 'apps/shop', [tag], await buildImageIndex({ seed: tag }));
  const { longshore } = await between.app.transfers.createRun(orderOf(between));
  const message = { run: 'weekly42', generation: longshore.generation };
  await Promise.all([between.app.runTransfer(message), between.app.runTransfer(message)]);
  const run = await between.carryOut('weekly42');
  expect(run.response.status).toBe('Succeeded');
  expect(between.deadLetters()).toBe(0);
  expect(await names(between)).toEqual(run.longshore.parts);
});

it('an export whose process is killed leaves no blob, and can be done again', {
  timeout: 60_000,
}, async () => {
  const connection = azurite();
  const { host } = new URL(/BlobEndpoint=([^;]+)/.exec(connection)?.[1] ?? '');
  const { promise: killed, resolve: onKilled } = Promise.withResolvers<undefined>();
  const isBlock = (line: string) => line.startsWith('PUT ') && line.endsWith('/large.tar');
  // The first block arrives, the others do not before the process is gone.
  const proxy = await countingProxy(host, (line) =>
    isBlock(line) && proxy.log.filter(isBlock).length > 1 ? killed : undefined,
  );
  const between = await world(connection.replace(`http://${host}`, `http://${proxy.host}`));
  const image = await buildImageIndex({ seed: 'large', layers: 2, bytesPerLayer: 12_000_000 });
  await pushContent(between.near.url, 'apps/large', ['1'], image);
  const words = ['export', `${between.near.host}/apps/large:1`, '--to', `${between.containerUri}/large.tar`];
  const { environment } = between;
  const start = () => startCli([...words, '--sas-token', 'env:TRANSFER_SAS'], { environment });

  const { child, result } = start();
  await expect
    .poll(() => proxy.log.filter(isBlock).length, { timeout: 20_000, interval: 20 })
    .toBeGreaterThan(1);
  child.kill('SIGKILL');
  await result;
  onKilled(undefined);
  expect(await names(between)).toEqual([]);
  expect(await start().result).toMatchObject({ exitCode: 0 });
  expect(await names(between)).toEqual(['large.tar']);
});
