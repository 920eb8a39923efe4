import { expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../shared/content/index.ts';
import { importImage } from '../../shared/imports/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { type Graph, image, index } from '../helpers/memory-content.ts';
import { startTestRegistry, type TestRegistry } from '../helpers/test-registry.ts';

const layersOf = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name} ${n}`);

/** How often each kind of request was made, by `METHOD KIND`. */
function counts({ requests }: TestRegistry): Readonly<Record<string, number>> {
  const kinds = Map.groupBy(requests, ({ method, kind }) => `${method} ${kind}`);
  return Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length]));
}

/** What an import into an empty target asks of both sides. */
async function requestsOf(graph: Graph, options: { readonly force?: boolean } = {}) {
  const [from, to] = [await startTestRegistry(), await startTestRegistry()];
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const source = { registry: from.host, repository: 'base/app', tag: '1' };
  const target = { registry: to.host, repository: 'mirror/app', tag: '1' };
  const seeded = client.repository(source);
  for (const bytes of graph.blobs) {
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    await seeded.pushBlob(blob, async () => ReadableStream.from([bytes]));
  }
  for (const content of graph.manifests) await seeded.pushManifest(content.digest, content);
  await seeded.pushManifest('1', graph.root);
  from.requests.length = 0;
  await importImage((name) => client.repository(name), source, target, { referrers: false, ...options });
  return { source: counts(from), target: counts(to), total: from.requests.length + to.requests.length };
}

const app = image('app', { layers: layersOf('layer', 5) });

test('a new image of five layers costs 29 requests: its config is not asked for', async () => {
  expect(await requestsOf(app)).toEqual({
    source: { 'HEAD manifest': 1, 'GET manifest': 1, 'GET blob': 6 },
    // The tag before anything is copied, the image, and the tag again just before it is set.
    target: {
      'HEAD manifest': 3,
      'HEAD blob': 5,
      'POST uploads': 6,
      'PUT upload': 6,
      'PUT manifest': 1,
    },
    total: 29,
  });
});

test('one less when the tag may be moved anyway', async () => {
  expect(await requestsOf(app, { force: true })).toMatchObject({ target: { 'HEAD manifest': 2 }, total: 28 });
});

test('a new image of eight platforms, each of three layers and a shared one, costs 154', async () => {
  const platforms = Array.from({ length: 8 }, (_, n) => ({
    platform: `linux/p${n}`,
    graph: image(`config ${n}`, { layers: ['shared', ...layersOf(`p${n}`, 3)] }),
  }));
  expect(await requestsOf(index(...platforms))).toMatchObject({
    source: { 'GET manifest': 9, 'GET blob': 33 },
    target: { 'HEAD blob': 25 },
    total: 154,
  });
});
