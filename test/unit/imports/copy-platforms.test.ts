import { describe, expect, test } from 'vitest';
import { type IndexManifest, parseManifest, parsePlatform } from '../../../shared/content/index.ts';
import { RegistryError } from '../../../shared/errors.ts';
import { selectChildren } from '../../../shared/imports/copy/select-children.ts';
import { trimIndex } from '../../../shared/imports/copy/trim-index.ts';
import { copyGraph } from '../../../shared/imports/index.ts';
import { type Graph, image, index, MemoryRepository, multiPlatform } from '../../helpers/memory-content.ts';

const PLATFORMS = ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7'];
const node = multiPlatform('node', PLATFORMS);
const [amd64, arm64, armv7, amd64Attestation, arm64Attestation] = childDigests(node);
const wanted = (...platforms: readonly string[]) => platforms.map(parsePlatform);

function indexOf({ root }: Graph): IndexManifest {
  const manifest = parseManifest(root);
  if (manifest.kind !== 'index') throw new Error('This graph is not an index.');
  return manifest;
}

function childDigests(graph: Graph): readonly string[] {
  return indexOf(graph).manifests.map(({ digest }) => digest);
}

/** Chooses from a graph whose manifests can all be read, each once. */
function select(graph: Graph, ...platforms: readonly string[]) {
  const unread = new Map(graph.manifests.map((content) => [content.digest, content]));
  return selectChildren(graph.root, indexOf(graph), wanted(...platforms), async (digest) => {
    const content = unread.get(digest);
    if (!content || !unread.delete(digest)) throw new Error(`${digest} is read twice or unknown.`);
    return content;
  });
}

async function selected(graph: Graph, ...platforms: readonly string[]): Promise<readonly string[]> {
  return (await select(graph, ...platforms)).kept.map(({ digest }) => digest);
}

describe('choosing the children of an index', () => {
  test('no platforms means all, in order', async () => {
    expect(await selected(node)).toEqual(childDigests(node));
  });

  test('a kept platform keeps its attestation', async () => {
    expect(await selected(node, 'linux/amd64')).toEqual([amd64, amd64Attestation]);
  });

  test('arm64 and arm64/v8 are the same; a variant asked for is matched', async () => {
    expect(await selected(node, 'linux/arm64')).toEqual([arm64, arm64Attestation]);
    expect(await selected(node, 'linux/arm64/v8')).toEqual([arm64, arm64Attestation]);
    expect(await selected(node, 'linux/arm/v7')).toContain(armv7);
    await expect(selected(node, 'linux/arm/v6')).rejects.toThrow('is not for linux/arm/v6.');
  });

  test('what is there is kept when only some of the wanted platforms are', async () => {
    expect(await selected(node, 'windows/amd64', 'linux/arm64')).toEqual([arm64, arm64Attestation]);
  });

  test('a missing platform is an error that lists what is there', async () => {
    await expect(selected(node, 'linux/s390x')).rejects.toThrow(
      expect.objectContaining({
        code: 'E_PLATFORM',
        message: 'The image is not for linux/s390x. It is for: linux/amd64, linux/arm64/v8, linux/arm/v7.',
      }),
    );
  });

  test('an index that names no platforms says so', async () => {
    await expect(selected(index({ graph: image('app') }), 'linux/amd64')).rejects.toThrow(
      'It is for: none that is named.',
    );
  });

  test('an index without a platform is looked into, an index with one is not', async () => {
    const inner = index(
      { graph: image('in'), platform: 'linux/amd64' },
      { graph: image('out'), platform: 'linux/arm64' },
    );
    const empty = index({ graph: image('no'), platform: 'windows/amd64' });
    const named = multiPlatform('named', ['linux/arm64']);
    const outer = index(
      { graph: inner },
      { graph: empty },
      { graph: named, platform: 'linux/amd64' },
      { graph: inner },
    );
    const selection = await select(outer, 'linux/amd64');
    expect(selection.kept.map(({ digest }) => digest)).toEqual(
      [inner, named, inner].map(({ root }) => root.digest),
    );
    expect([...selection.nested.keys()]).toEqual([inner.root.digest]);
    expect(selection.nested.get(inner.root.digest)?.kept).toHaveLength(1);
    expect(selection.isPartial).toBe(true);
  });

  test('nothing is partial when all platforms of all nested indexes are wanted', async () => {
    const outer = index({ graph: index({ graph: image('a'), platform: 'linux/amd64' }) });
    expect(await select(outer, 'linux/amd64')).toMatchObject({ isPartial: false });
  });

  test('the platforms of nested indexes are listed when none is the one', async () => {
    const outer = index({ graph: index({ graph: image('a'), platform: 'linux/amd64' }) });
    await expect(selected(outer, 'linux/s390x')).rejects.toThrow('It is for: linux/amd64.');
  });
});

test('trimming drops the other children and keeps every other field', async () => {
  const { kept } = await select(node, 'linux/arm64');
  const trimmed = trimIndex(node.root, kept);
  const before = JSON.parse(new TextDecoder().decode(node.root.bytes));
  const after = JSON.parse(new TextDecoder().decode(trimmed.bytes));
  expect(after).toEqual({ ...before, manifests: [before.manifests[1], before.manifests[4]] });
  expect(trimmed.mediaType).toBe(node.root.mediaType);
  expect(trimmed.digest).not.toBe(node.root.digest);
  expect(trimIndex(node.root, kept)).toEqual(trimmed);
});

describe('copying a platform subset', () => {
  const platforms = wanted('linux/amd64');
  const tagged = (target: MemoryRepository) => ({
    platforms,
    publish: (root: Graph['root'], signal: AbortSignal) => target.pushManifest('22', root, { signal }),
  });

  test('keeps the digest of the index where the target takes a partial one', async () => {
    const source = new MemoryRepository().seed(node);
    const target = new MemoryRepository({ acceptsSparse: true });
    const result = await copyGraph(source, target, node.root.digest, tagged(target));
    expect(result.trimmed).toBe(false);
    expect(target.tags.get('22')).toBe(node.root.digest);
    expect([...target.manifests.keys()].sort()).toEqual([amd64, amd64Attestation, node.root.digest].sort());
    expect(source.count('fetchManifest')).toBe(3);
  });

  test('publishes a trimmed index where the target refuses a partial one', async () => {
    const target = new MemoryRepository();
    const result = await copyGraph(
      new MemoryRepository().seed(node),
      target,
      node.root.digest,
      tagged(target),
    );
    expect(result.trimmed).toBe(true);
    expect(target.tags.get('22')).toBe(result.root.digest);
    const published = target.manifests.get(result.root.digest);
    expect(published && parseManifest(published)).toMatchObject({
      manifests: [{ digest: amd64 }, { digest: amd64Attestation }],
    });
    expect(result.manifests).toEqual({ copied: 3, existing: 0 });
  });

  test('copied again, a trimmed index counts as there already', async () => {
    const source = new MemoryRepository().seed(node);
    const target = new MemoryRepository();
    await copyGraph(source, target, node.root.digest, tagged(target));
    const again = await copyGraph(source, target, node.root.digest, tagged(target));
    expect(again).toMatchObject({ trimmed: true, manifests: { copied: 0, existing: 3 } });
  });

  test.each(['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_UNKNOWN', 'BLOB_UNKNOWN', 'MANIFEST_INVALID'])(
    'takes %s as the refusal of a partial index',
    async (code) => {
      const refusal = new RegistryError('E_PROTOCOL', 'no', { status: 400, registryCodes: [code] });
      const roots: string[] = [];
      const result = await copyGraph(
        new MemoryRepository().seed(node),
        new MemoryRepository(),
        node.root.digest,
        {
          platforms,
          publish: async ({ digest }) => {
            roots.push(digest);
            if (digest === node.root.digest) throw refusal;
          },
        },
      );
      expect(roots).toEqual([node.root.digest, result.root.digest]);
      expect(result.trimmed).toBe(true);
    },
  );

  test('another refusal is not answered with a trimmed index', async () => {
    const denied = new RegistryError('E_DENIED', 'no', { status: 403, registryCodes: ['DENIED'] });
    const publish = () => Promise.reject(denied);
    const copy = copyGraph(new MemoryRepository().seed(node), new MemoryRepository(), node.root.digest, {
      platforms,
      publish,
    });
    await expect(copy).rejects.toBe(denied);
  });

  test('a complete index that is refused is never trimmed', async () => {
    const refusal = new RegistryError('E_PROTOCOL', 'no', { registryCodes: ['MANIFEST_BLOB_UNKNOWN'] });
    const copy = copyGraph(new MemoryRepository().seed(node), new MemoryRepository(), node.root.digest, {
      platforms: wanted(...PLATFORMS),
      publish: () => Promise.reject(refusal),
    });
    await expect(copy).rejects.toBe(refusal);
  });

  test('more platforms are added under the same digest later', async () => {
    const source = new MemoryRepository().seed(node);
    const target = new MemoryRepository({ acceptsSparse: true });
    await copyGraph(source, target, node.root.digest, { platforms });
    const result = await copyGraph(source, target, node.root.digest, {
      platforms: wanted('linux/amd64', 'linux/arm64'),
    });
    expect(result.manifests).toEqual({ copied: 2, existing: 3 });
    expect(target.manifests.has(node.root.digest)).toBe(true);
  });

  test('nothing is read or published when none of the platforms is there', async () => {
    const source = new MemoryRepository().seed(node);
    const target = new MemoryRepository();
    const copy = copyGraph(source, target, node.root.digest, { platforms: wanted('plan9/386') });
    await expect(copy).rejects.toMatchObject({ code: 'E_PLATFORM' });
    expect(source.calls).toHaveLength(1);
    expect(target.stored).toEqual([]);
  });

  test('an image that is not an index is copied whatever platforms are wanted', async () => {
    const graph = image('app');
    const target = new MemoryRepository();
    await copyGraph(new MemoryRepository().seed(graph), target, graph.root.digest, { platforms });
    expect(target.manifests.has(graph.root.digest)).toBe(true);
  });

  const inner = multiPlatform('inner', ['linux/amd64', 'linux/arm64']);
  const outer = index({ graph: inner }, { graph: image('other'), platform: 'linux/arm64' });

  test('reaches into indexes without a platform', async () => {
    const source = new MemoryRepository().seed(outer);
    const target = new MemoryRepository({ acceptsSparse: true });
    const result = await copyGraph(source, target, outer.root.digest, tagged(target));
    expect(result).toMatchObject({ trimmed: false, manifests: { copied: 4, existing: 0 } });
    expect(source.count('fetchManifest')).toBe(4);
    expect(target.tags.get('22')).toBe(outer.root.digest);
    expect(target.manifests.has(inner.root.digest)).toBe(true);
  });

  test('trims nested indexes too where the target refuses partial ones, also one it has whole', async () => {
    for (const seeded of [[], [inner]]) {
      const target = new MemoryRepository();
      for (const graph of seeded) target.seed(graph);
      const source = new MemoryRepository().seed(outer);
      const result = await copyGraph(source, target, outer.root.digest, tagged(target));
      expect(result.trimmed).toBe(true);
      const published = target.manifests.get(result.root.digest);
      const [entry, ...others] = published
        ? indexOf({ root: published, manifests: [], blobs: [] }).manifests
        : [];
      expect(others).toEqual([]);
      const nested = entry && target.manifests.get(entry.digest);
      expect(nested?.size).toBe(entry?.size);
      expect(nested && parseManifest(nested)).toMatchObject({ manifests: [{}, {}] });
      const again = await copyGraph(source, target, outer.root.digest, tagged(target));
      expect(again).toMatchObject({ trimmed: true, manifests: { copied: 0 }, root: result.root });
    }
  });
});
