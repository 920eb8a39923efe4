import { expect, onTestFinished, test } from 'vitest';
import { buildImageIndex, type ImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { connectPorts } from '../../shared/app/connect.ts';
import { createApp } from '../../shared/app/create-app.ts';
import type { App } from '../../shared/app/index.ts';
import { parseConfig, type Settings } from '../../shared/config/index.ts';
import { createImportJob } from '../../shared/imports/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { startTestRegistry, type TestRegistry } from '../helpers/test-registry.ts';

const storage = useAzurite();

/** Longshore as one more process would have it: nothing is shared but the storage account. */
function startWorker(): App {
  const config = parseConfig('watches: []\n', 'longshore.yaml', {});
  const settings: Settings = {
    config: { kind: 'file', path: 'longshore.yaml' },
    // Jobs are handed over directly; nothing is sent that would need a broker.
    serviceBus: {
      kind: 'connectionString',
      value:
        'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=n;SharedAccessKey=a2V5;UseDevelopmentEmulator=true',
    },
    storage: { kind: 'connectionString', value: storage() },
    importsQueue: 'imports',
    pollsQueue: 'polls',
    transfersQueue: 'transfers',
    transferContainer: 'transfer',
  };
  const app = createApp(config, connectPorts(config, settings, {}));
  onTestFinished(() => app.close());
  return app;
}

interface Registries {
  readonly upstream: TestRegistry;
  readonly target: TestRegistry;
}

/** Two images on one base, each in a repository of its own upstream. */
async function startRegistries() {
  const [upstream, target] = [await startTestRegistry(), await startTestRegistry()];
  const bytesPerLayer = 100_000;
  const base = await buildImageIndex({ seed: 'base', bytesPerLayer });
  const build = async (name: string) => {
    const image = await buildImageIndex({ seed: name, from: base, bytesPerLayer, layers: 1 });
    await pushContent(upstream.url, `team/${name}`, ['1'], image);
    return image;
  };
  const images = { app: await build('app'), web: await build('web') };
  const shared = base.images.flatMap(({ layers }) => layers.map(({ blob }) => blob.descriptor.digest));
  upstream.requests.length = 0;
  return { upstream, target, images, shared };
}

async function runJob(worker: App, { upstream, target }: Registries, name: string, { root }: ImageIndex) {
  const job = createImportJob({
    source: `${upstream.host}/team/${name}`,
    digest: root.digest,
    target: `${target.host}/mirror/${name}:1`,
    platforms: [],
    observedAt: new Date().toISOString(),
    reason: 'test',
  });
  expect(await worker.runImport(job)).toMatchObject({ kind: 'done', state: 'succeeded' });
}

/** Reads everything back, every byte checked. */
async function seeCopy({ target }: Registries, name: string, image: ImageIndex): Promise<void> {
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const copy = client.repository({ registry: target.host, repository: `mirror/${name}` });
  expect(await copy.resolve('1')).toMatchObject({ digest: image.root.digest });
  for (const { descriptor } of image.blobs) await Array.fromAsync(await copy.openBlob(descriptor));
}

/** Requests for blobs of a repository that name one of the digests, in path or query. */
function requestsFor({ requests }: TestRegistry, repository: string, digests: readonly string[]) {
  return requests.filter(
    (request) =>
      request.repository === repository &&
      request.kind !== 'manifest' &&
      digests.some((digest) => decodeURIComponent(request.path).includes(digest)),
  );
}

test('layers that one worker brought into the target are mounted by another', async () => {
  const world = await startRegistries();
  const { upstream, target, images, shared } = world;
  await runJob(startWorker(), world, 'app', images.app);
  await runJob(startWorker(), world, 'web', images.web);

  expect(requestsFor(upstream, 'team/web', shared)).toEqual([]);
  const mounts = requestsFor(target, 'mirror/web', shared);
  expect(mounts.map(({ method, status }) => `${method} ${status}`)).toEqual(shared.map(() => 'POST 201'));
  await seeCopy(world, 'web', images.web);
});

test('workers that copy the same layers at the same time end with both images, and what they learned', async () => {
  const world = await startRegistries();
  const { upstream, target, images, shared } = world;
  const names = ['app', 'web'] as const;
  await Promise.all(names.map((name) => runJob(startWorker(), world, name, images[name])));
  for (const name of names) await seeCopy(world, name, images[name]);

  await pushContent(upstream.url, 'team/later', ['1'], images.app);
  upstream.requests.length = 0;
  await runJob(startWorker(), world, 'later', images.app);
  expect(requestsFor(upstream, 'team/later', shared)).toEqual([]);
  expect(requestsFor(target, 'mirror/later', shared)).toHaveLength(shared.length);
});

test('layers that have gone from where they were are sent again, and are mounted from there next time', async () => {
  const world = await startRegistries();
  const { upstream, target, images, shared } = world;
  await runJob(startWorker(), world, 'app', images.app);
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const app = client.repository({ registry: target.host, repository: 'mirror/app' });
  for (const digest of shared) await app.deleteBlob(digest);

  await runJob(startWorker(), world, 'web', images.web);
  await seeCopy(world, 'web', images.web);

  await pushContent(upstream.url, 'team/later', ['1'], images.web);
  upstream.requests.length = 0;
  await runJob(startWorker(), world, 'later', images.web);
  expect(requestsFor(upstream, 'team/later', shared)).toEqual([]);
  const mounts = requestsFor(target, 'mirror/later', shared);
  expect(mounts).toHaveLength(shared.length);
  expect(mounts.every(({ path, status }) => status === 201 && path.includes('from=mirror%2Fweb'))).toBe(true);
});
