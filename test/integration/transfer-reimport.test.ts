import { expect, it } from 'vitest';
import { buildImageIndex, buildSbom, pushContent } from '../../local/demo-content/index.ts';
import { exportToArchive } from '../../shared/app/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { countingProxy } from '../helpers/counting-proxy.ts';
import { importOrder } from '../helpers/transfer-pipelines.ts';
import { transferWorld } from '../helpers/transfer-world.ts';

const azurite = useAzurite();

it('importing again what is there already reads the beginning and the end of the archive, and nothing of its layers', async () => {
  const connection = azurite();
  const { host, pathname } = new URL(/BlobEndpoint=([^;]+)/.exec(connection)?.[1] ?? '');
  const proxy = await countingProxy(host);
  const between = await transferWorld(connection.replace(`http://${host}`, `http://${proxy.host}`));
  const { app, near, far, container } = between;

  const artifacts = [];
  for (const tag of ['1', '2', '3']) {
    const image = await buildImageIndex({ seed: tag, layers: 3, bytesPerLayer: 150_000 });
    await pushContent(near.url, 'apps/shop', [tag], image);
    await pushContent(near.url, 'apps/shop', [], buildSbom(image.root, tag));
    artifacts.push(`${near.host}/apps/shop:${tag}`);
  }
  const registry = createRegistryClient({ credentials: { credentialsFor: async () => undefined } });
  const to = `${container.url}/shop.tar${between.sasToken('rw')}`;
  await exportToArchive({ registry, artifacts, to }).finally(() => registry.close());

  const reads = `GET ${pathname}/${container.containerName}/shop.tar`;
  const order = (name: string) => importOrder(name, [far.host, 'transfer']);
  expect((await between.run(order('first'))).response.status).toBe('Succeeded');
  const first = { reads: proxy.count(reads), bytes: proxy.bytes(reads) };
  expect(first.bytes).toBeGreaterThan(2_000_000);

  const again = await between.run(order('again'));
  expect(again.response).toMatchObject({ status: 'Succeeded', importedArtifacts: { length: 3 } });
  expect(proxy.count(reads) - first.reads).toBeLessThanOrEqual(5);
  expect(proxy.bytes(reads) - first.bytes).toBeLessThan(200_000);
  expect(await Array.fromAsync(app.transfers.runs())).toHaveLength(2);
});
