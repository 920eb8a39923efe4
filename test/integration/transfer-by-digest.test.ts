import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { buildImageIndex, buildSbom, pushContent } from '../../local/demo-content/index.ts';
import { exportToArchive, importFromArchive, showArchive } from '../../shared/app/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';
import { exportOrder, exportPipeline, importPipeline } from '../helpers/transfer-pipelines.ts';
import { transferWorld } from '../helpers/transfer-world.ts';

const azurite = useAzurite();
const REPOSITORY = 'apps/shop';

/** An image that has no tag, with something attached to it. */
async function pushUntagged(url: string) {
  const image = await buildImageIndex({ seed: 'untagged' });
  const sbom = buildSbom(image.root, REPOSITORY);
  for (const content of [image, sbom]) await pushContent(url, REPOSITORY, [], content);
  return { image, sbom };
}

function registryClient() {
  const client = createRegistryClient({ credentials: { credentialsFor: async () => undefined } });
  onTestFinished(() => client.close());
  return client;
}

async function contentsOf(host: string) {
  const repository = registryClient().repository({ registry: host, repository: REPOSITORY });
  return {
    tags: await Array.fromAsync(repository.tags()),
    has: async (digest: string) => (await repository.resolve(digest)) !== undefined,
    referrers: async (digest: Parameters<typeof repository.referrers>[0]) =>
      (await repository.referrers(digest)).map((referrer) => referrer.digest),
  };
}

it('an artifact exported by its digest is in the other registry under that digest, without a tag', async () => {
  const [near, far] = [await startTestRegistry(), await startTestRegistry()];
  const { image, sbom } = await pushUntagged(near.url);
  const { digest } = image.root;
  const registry = registryClient();
  const archive = path.join(await temporaryFolder(), 'shop.tar');
  await exportToArchive({ registry, artifacts: [`${near.host}/${REPOSITORY}@${digest}`], to: archive });

  const target = `${far.host}/${REPOSITORY}@${digest}`;
  const call = { from: archive, repository: registry, registry: far.host };
  const shown = () => showArchive({ from: archive, target: { repository: registry, registry: far.host } });
  expect((await shown()).artifacts).toMatchObject([{ gap: { target, state: 'new' } }]);
  expect((await importFromArchive(call)).imported).toMatchObject([{ target, digest, state: 'succeeded' }]);

  const arrived = await contentsOf(far.host);
  expect(arrived.tags).toEqual([]);
  for (const manifest of image.manifests) expect(await arrived.has(manifest.digest)).toBe(true);
  expect(await arrived.referrers(digest)).toEqual([sbom.root.digest]);
  expect((await shown()).artifacts).toMatchObject([{ gap: { target, state: 'unchanged', bytes: 0 } }]);
  expect((await importFromArchive(call)).imported).toMatchObject([{ target, state: 'unchanged' }]);
});

it('the run of a pipeline reports it by its digest, beside what has a tag', async () => {
  const between = await transferWorld(azurite(), {
    transfer: ({ uri, near }) => ({
      exportPipelines: [exportPipeline(uri, 'byDigest', { registry: near })],
      importPipelines: [importPipeline(uri, 'arrivals')],
    }),
  });
  const { near, far } = between;
  const { image } = await pushUntagged(near.url);
  await pushContent(near.url, REPOSITORY, ['1.0'], await buildImageIndex({ seed: 'tagged' }));
  const artifacts = [`${REPOSITORY}@${image.root.digest}`, `${REPOSITORY}:1.0`];
  const exported = await between.run(exportOrder('untagged', [near.host, 'byDigest'], artifacts));
  expect(exported.response.status).toBe('Succeeded');

  const imported = await between.arrive('shop.tar');
  expect(imported).toMatchObject({
    response: {
      status: 'Succeeded',
      importedArtifacts: [`${far.host}/${REPOSITORY}:1.0`, `${far.host}/${REPOSITORY}@${image.root.digest}`],
    },
  });
  const arrived = await contentsOf(far.host);
  expect(arrived.tags).toEqual(['1.0']);
  expect(await arrived.has(image.root.digest)).toBe(true);
});
