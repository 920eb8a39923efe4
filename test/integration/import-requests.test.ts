import { expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../shared/content/index.ts';
import { importImage } from '../../shared/imports/index.ts';
import { createRegistryClient, type Repository } from '../../shared/registry/index.ts';
import { type Graph, image, index } from '../helpers/memory-content.ts';
import { startTestRegistry, type TestRegistry } from '../helpers/test-registry.ts';

const layersOf = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name} ${n}`);

/** How often each kind of request was made, by `METHOD KIND`. */
function counts({ requests }: TestRegistry): Readonly<Record<string, number>> {
  const kinds = Map.groupBy(requests, ({ method, kind }) => `${method} ${kind}`);
  return Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length]));
}

interface Wanted {
  readonly force?: boolean;
  /** What the target repository holds before, and under which tag. */
  readonly existing?: Graph;
  readonly under?: string;
}

/** What an import asks of both sides. */
async function requestsOf(graph: Graph, { existing, under = 'other', force = false }: Wanted = {}) {
  const [from, to] = [await startTestRegistry(), await startTestRegistry()];
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const source = { registry: from.host, repository: 'base/app', tag: '1' };
  const target = { registry: to.host, repository: 'mirror/app', tag: '1' };
  await seed(client.repository(source), graph, '1');
  if (existing) await seed(client.repository(target), existing, under);
  from.requests.length = 0;
  to.requests.length = 0;
  await importImage((name) => client.repository(name), source, target, { referrers: false, force });
  return { source: counts(from), target: counts(to), total: from.requests.length + to.requests.length };
}

async function seed(repository: Repository, graph: Graph, tag: string): Promise<void> {
  for (const bytes of graph.blobs) {
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    await repository.pushBlob(blob, async () => ReadableStream.from([bytes]));
  }
  for (const content of graph.manifests) await repository.pushManifest(content.digest, content);
  await repository.pushManifest(tag, graph.root);
}

const app = image('app', { layers: layersOf('layer', 5) });

test('a new image of five layers in a new repository costs 24 requests: no blob is asked for', async () => {
  expect(await requestsOf(app)).toEqual({
    source: { 'HEAD manifest': 1, 'GET manifest': 1, 'GET blob': 6 },
    // The tag and, in case another tag names it, the image; whether the repository is known at all.
    target: { 'HEAD manifest': 2, 'GET tags': 1, 'POST uploads': 6, 'PUT upload': 6, 'PUT manifest': 1 },
    total: 24,
  });
});

test('one more for each layer that is large: an unfinished copy may have left it there', async () => {
  const layers = ['large '.repeat(800_000), ...layersOf('layer', 4)];
  expect(await requestsOf(image('large', { layers }))).toMatchObject({
    target: { 'HEAD blob': 1 },
    total: 25,
  });
});

test('in a repository that has other tags each layer is asked for, but not the config', async () => {
  expect(await requestsOf(app, { existing: image('other') })).toMatchObject({
    target: { 'HEAD manifest': 2, 'GET tags': 1, 'HEAD blob': 5 },
    total: 29,
  });
});

test('moving a tag costs 28: that the repository is there was said already', async () => {
  const options = { existing: image('other'), under: '1', force: true };
  expect(await requestsOf(app, options)).toMatchObject({ target: { 'HEAD manifest': 2 }, total: 28 });
});

test('an image that the tag names already costs four, none of them a pull', async () => {
  const { source, target, total } = await requestsOf(app, { existing: app, under: '1' });
  expect(source).toEqual({ 'HEAD manifest': 1 });
  expect(target).toEqual({ 'HEAD manifest': 2, 'GET manifest': 1 });
  expect(total).toBe(4);
});

test('a new image of eight platforms, each of three layers and a shared one, costs 121: none is asked for', async () => {
  const platforms = Array.from({ length: 8 }, (_, n) => ({
    platform: `linux/p${n}`,
    graph: image(`config ${n}`, { layers: ['shared', ...layersOf(`p${n}`, 3)] }),
  }));
  expect(await requestsOf(index(...platforms))).toMatchObject({
    source: { 'GET manifest': 9, 'GET blob': 33 },
    target: { 'HEAD manifest': 2, 'POST uploads': 33, 'PUT upload': 33, 'PUT manifest': 9 },
    total: 121,
  });
});
