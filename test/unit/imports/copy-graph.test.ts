import { expect, test } from 'vitest';
import { digestOf, type ManifestContent, parseManifest } from '../../../shared/content/index.ts';
import { type CopyProgress, copyGraph } from '../../../shared/imports/index.ts';
import {
  artifact,
  buildCache,
  type Graph,
  image,
  index,
  MemoryRepository,
  multiPlatform,
  unknownDocument,
} from '../../helpers/memory-content.ts';

const node = multiPlatform('node', ['linux/amd64', 'linux/arm64/v8']);

function expectComplete(target: MemoryRepository, graph: Graph): void {
  for (const { digest, bytes } of graph.manifests) expect(target.manifests.get(digest)?.bytes).toEqual(bytes);
  for (const bytes of graph.blobs) expect(target.blobs.get(digestOf(bytes))).toEqual(bytes);
}

function childrenOf(content: ManifestContent): readonly string[] {
  const manifest = parseManifest(content);
  if (manifest.kind === 'opaque') return [];
  const children = manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
  return children.flatMap((child) => (child ? [child.digest] : []));
}

test.each<[string, Graph]>([
  ['an image', image('app')],
  ['a multi-platform image with attestations', node],
  ['an index of indexes', index({ graph: node }, { graph: multiPlatform('deno', ['linux/amd64']) })],
  ['an artifact with an empty config', artifact('hello')],
  ['a build cache whose index lists blobs', buildCache('one', 'two')],
  ['a document of an unknown type', unknownDocument('anything')],
  ['an empty index', index()],
])('copies %s, bytes unchanged', async (_, graph) => {
  const source = new MemoryRepository().seed(graph);
  const target = new MemoryRepository();
  const result = await copyGraph(source, target, graph.root.digest);
  expectComplete(target, graph);
  const { mediaType, digest, size } = graph.root;
  expect(result.root).toEqual({ mediaType, digest, size });
  expect(result.trimmed).toBe(false);
  expect(result.manifests).toEqual({ copied: target.manifests.size, existing: 0 });
  expect(result.blobs).toMatchObject({ uploaded: target.blobs.size, existing: 0 });
});

test('children go before parents and the root is published last', async () => {
  const graph = index({ graph: node, platform: 'linux/amd64' });
  const target = new MemoryRepository();
  await copyGraph(new MemoryRepository().seed(graph), target, graph.root.digest, {
    publish: (root, signal) => target.pushManifest('22', root, { signal }),
  });
  const position = (key: string) => {
    expect(target.stored).toContain(key);
    return target.stored.indexOf(key);
  };
  for (const parent of node.manifests) {
    for (const child of childrenOf(parent)) expect(position(child)).toBeLessThan(position(parent.digest));
  }
  expect(target.stored.at(-1)).toBe('22');
  expect(target.calls.at(-1)).toEqual({ kind: 'pushManifest', key: '22' });
  expect(target.stored).not.toContain(graph.root.digest);
});

test('each distinct digest is read from the source once, also when platforms share it', async () => {
  const source = new MemoryRepository().seed(node);
  await copyGraph(source, new MemoryRepository(), node.root.digest);
  const read = source.calls.map(({ key }) => key);
  expect(new Set(read).size).toBe(read.length);
  expect(source.count('resolve')).toBe(0);
  expect(read).toHaveLength(source.manifests.size + source.blobs.size);
});

test('a target that has everything costs the source nothing', async () => {
  const source = new MemoryRepository().seed(node);
  const target = new MemoryRepository().seed(node);
  const result = await copyGraph(source, target, node.root.digest, { publish: async () => {} });
  expect(source.calls).toEqual([]);
  expect(target.count('pushManifest', 'pushBlob')).toBe(0);
  expect(result.manifests).toEqual({ copied: 0, existing: node.manifests.length });
  expect(result.bytesUploaded).toBe(0);
});

test('an image that is there already is not looked into', async () => {
  const graph = image('app');
  const source = new MemoryRepository().seed(graph);
  const target = new MemoryRepository().seed(graph);
  await copyGraph(source, target, graph.root.digest, { publish: async () => {} });
  expect(source.calls).toEqual([]);
  expect(target.calls.map(({ kind }) => kind)).toEqual(['resolve', 'fetchManifest']);
});

test('an index that lacks a child is completed, at any depth', async () => {
  const graph = index({ graph: node });
  const source = new MemoryRepository().seed(graph);
  const target = new MemoryRepository().seed(graph);
  const [first] = node.manifests;
  target.manifests.delete(first?.digest ?? node.root.digest);
  target.blobs.delete(digestOf('node linux/amd64'));
  const result = await copyGraph(source, target, graph.root.digest, { publish: async () => {} });
  expectComplete(target, graph);
  expect(source.calls.map(({ key }) => key)).toEqual([first?.digest, digestOf('node linux/amd64')]);
  expect(result.manifests.copied).toBe(1);
  expect(result.blobs).toMatchObject({ uploaded: 1, existing: 2 });
});

test('blobs of a sibling repository are mounted and not read from the source', async () => {
  const graph = image('app');
  const source = new MemoryRepository().seed(graph);
  const target = new MemoryRepository({ siblings: { 'library/app': source } });
  const result = await copyGraph(source, target, graph.root.digest, { mountFrom: 'library/app' });
  expect(source.count('openBlob')).toBe(0);
  expect(result.blobs).toEqual({ uploaded: 0, mounted: 2, existing: 0, foreign: 0 });
});

test('foreign layers are left to their own URLs', async () => {
  const graph = image('windows', { foreign: ['base of windows'] });
  const source = new MemoryRepository().seed(graph);
  const target = new MemoryRepository();
  const result = await copyGraph(source, target, graph.root.digest);
  expect(result.blobs).toMatchObject({ uploaded: 2, foreign: 1 });
  expect(target.blobs.has(digestOf('base of windows'))).toBe(false);
});

test('a layer that is foreign in one image and ordinary in another is pushed for the other', async () => {
  const graph = index(
    { graph: image('old', { foreign: ['base'] }), platform: 'windows/amd64' },
    { graph: image('new', { layers: ['base'] }), platform: 'windows/amd64' },
  );
  const target = new MemoryRepository();
  const result = await copyGraph(new MemoryRepository().seed(graph), target, graph.root.digest);
  expectComplete(target, graph);
  expect(result.blobs.foreign).toBe(1);
});

test('bytes that are both a manifest and a layer are pushed as both', async () => {
  const inner = image('inner');
  const text = new TextDecoder().decode(inner.root.bytes);
  const graph = index({ graph: inner }, { graph: image('outer', { layers: [text] }) });
  const target = new MemoryRepository();
  await copyGraph(new MemoryRepository().seed(graph), target, graph.root.digest);
  expectComplete(target, graph);
});

test('progress grows, never passes the totals and ends at them, also when uploads start over', async () => {
  const source = new MemoryRepository().seed(node);
  const seen: CopyProgress[] = [];
  await copyGraph(source, new MemoryRepository({ reopens: 2 }), node.root.digest, {
    onProgress: (progress) => seen.push(progress),
  });
  for (const [at, { bytesDone, bytesTotal, blobsDone, blobsTotal }] of seen.entries()) {
    expect(bytesDone).toBeLessThanOrEqual(bytesTotal);
    expect(blobsDone).toBeLessThanOrEqual(blobsTotal);
    expect(bytesDone).toBeGreaterThanOrEqual(seen[at - 1]?.bytesDone ?? 0);
  }
  const bytes = [...source.blobs.values()].reduce((sum, blob) => sum + blob.byteLength, 0);
  const blobs = source.blobs.size;
  expect(seen.at(-1)).toEqual({ bytesTotal: bytes, bytesDone: bytes, blobsTotal: blobs, blobsDone: blobs });
});

test('progress counts what is there already as done', async () => {
  const graph = image('app');
  const target = new MemoryRepository();
  for (const blob of graph.blobs) target.blobs.set(digestOf(blob), blob);
  const seen: CopyProgress[] = [];
  await copyGraph(new MemoryRepository().seed(graph), target, graph.root.digest, {
    onProgress: (progress) => seen.push(progress),
  });
  expect(seen.at(-1)?.bytesDone).toBe(seen.at(-1)?.bytesTotal);
  expect(seen.at(-1)?.blobsDone).toBe(2);
});

test('no more than twelve blobs and six manifests are asked for at once', async () => {
  const platforms = Array.from({ length: 20 }, (_, n) => `linux/cpu${n}`);
  const graph = multiPlatform('wide', platforms);
  const before = () => new Promise(setImmediate);
  const source = new MemoryRepository({ before }).seed(graph);
  const target = new MemoryRepository({ before });
  await copyGraph(source, target, graph.root.digest);
  expect(target.peak).toMatchObject({ pushBlob: 12, resolve: 6 });
  expect(source.peak.openBlob).toBeLessThanOrEqual(12);
  for (const peak of [source.peak.fetchManifest, target.peak.pushManifest]) {
    expect(peak).toBeLessThanOrEqual(6);
  }
});

test.each([
  ['an image', image('app')],
  ['an index', node],
  ['an index of indexes', index({ graph: node })],
])('%s that somebody deletes from the target while it is read there is copied again', async (_, graph) => {
  const source = new MemoryRepository().seed(graph);
  const target = new (class extends MemoryRepository {
    override async fetchManifest(...given: Parameters<MemoryRepository['fetchManifest']>) {
      this.manifests.clear();
      return await super.fetchManifest(...given);
    }
  })().seed(graph);
  await copyGraph(source, target, graph.root.digest);
  expectComplete(target, graph);
});
