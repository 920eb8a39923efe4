import { describe, expect, test } from 'vitest';
import { type Digest, manifestContent, parsePlatform } from '../../../shared/content/index.ts';
import { RegistryError } from '../../../shared/errors.ts';
import { copyGraph } from '../../../shared/imports/copy/copy-graph.ts';
import type { CopyOptions } from '../../../shared/imports/copy/copy-options.ts';
import { type BlobRecord, importImage, placeTag, type TagRecord } from '../../../shared/imports/index.ts';
import {
  descriptorOf,
  type Graph,
  image,
  MANIFEST,
  MemoryRepository,
  multiPlatform,
} from '../../helpers/memory-content.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';
import {
  indexReferrerOf,
  ReferringRepository,
  type ReferringRepositoryOptions,
  referrerOf,
  tagOf,
} from '../../helpers/memory-referrers.ts';

const node = multiPlatform('node', ['linux/amd64', 'linux/arm64']);
const [amd64 = node.root] = node.manifests;
const sbom = referrerOf(node.root, 'sbom');
const signatureOfSbom = referrerOf(sbom.root, 'signature of sbom', 'application/vnd.example.signature');
const signatureOfAmd64 = referrerOf(amd64, 'signature of amd64', 'application/vnd.example.signature');
const attached = [sbom, signatureOfSbom, signatureOfAmd64];

function sourceWith(
  graphs: readonly Graph[] = attached,
  options?: ReferringRepositoryOptions,
): ReferringRepository {
  const source = new ReferringRepository(options).seed(node);
  for (const graph of graphs) source.seed(graph);
  return source;
}

function copy(source: MemoryRepository, target: MemoryRepository, options: CopyOptions = {}) {
  return copyGraph(source, target, node.root.digest, {
    publish: (root, signal) => target.pushManifest('22', root, { signal }),
    ...options,
  });
}

const digestsListed = (repository: ReferringRepository, subject: { readonly digest: Digest }) =>
  repository.listed(subject.digest).map(({ digest }) => digest);

function expectAttached(target: ReferringRepository): void {
  expect(digestsListed(target, node.root)).toEqual([sbom.root.digest]);
  expect(digestsListed(target, sbom.root)).toEqual([signatureOfSbom.root.digest]);
  expect(digestsListed(target, amd64)).toEqual([signatureOfAmd64.root.digest]);
}

describe.each([
  ['lists referrers by itself', { api: true }],
  ['lists them under the tag schema', { api: false }],
])('to a target that %s', (_, options) => {
  test('what is attached to the image, to a platform and to an attachment comes along', async () => {
    const target = new ReferringRepository(options);
    const result = await copy(sourceWith(), target);
    expectAttached(target);
    expect(result.referrers).toEqual({ copied: 3, existing: 0, skipped: 0 });
    expect(result.manifests.copied).toBe(node.manifests.length);
  });

  test('each follows its subject, and the tag follows all', async () => {
    const target = new ReferringRepository(options);
    await copy(sourceWith(), target);
    const position = ({ root }: Graph) => target.stored.indexOf(root.digest);
    expect(position(sbom)).toBeGreaterThan(position(node));
    expect(position(signatureOfSbom)).toBeGreaterThan(position(sbom));
    expect(position(signatureOfAmd64)).toBeGreaterThan(target.stored.indexOf(amd64.digest));
    expect(target.stored.at(-1)).toBe('22');
  });

  test('again, it costs no pull, one listing for each referrer, and nothing for the platforms', async () => {
    const source = sourceWith();
    const target = new ReferringRepository(options);
    await copy(source, target);
    source.calls.length = 0;
    target.calls.length = 0;
    const again = await copy(source, target, { publish: async () => {} });
    expect(again.referrers).toEqual({ copied: 0, existing: 2, skipped: 0 });
    expect(source.calls.map(({ kind }) => kind).sort()).toEqual([
      'cosignTags',
      ...[node, sbom, signatureOfSbom].map(() => 'referrers'),
    ]);
    expect(target.count('referrers')).toBe(2);
    expect(target.count('pushManifest', 'pushBlob')).toBe(0);
  });

  test('what was attached later is added to what is there', async () => {
    const target = new ReferringRepository(options);
    await copy(sourceWith(), target);
    const later = referrerOf(sbom.root, 'second signature');
    const result = await copy(sourceWith([...attached, later]), target);
    expect(result.referrers).toEqual({ copied: 1, existing: 2, skipped: 0 });
    expect(new Set(digestsListed(target, sbom.root))).toEqual(
      new Set([signatureOfSbom.root.digest, later.root.digest]),
    );
  });

  test('a copy that dies at any call is completed by the next', async () => {
    for (let n = 1; n < 500; n += 1) {
      let mortal = true;
      const target = new ReferringRepository({
        ...options,
        before: (_call, nth) => {
          if (mortal && nth >= n) throw new Error('died');
        },
      });
      const died = await copy(sourceWith(), target).then(
        () => false,
        () => true,
      );
      mortal = false;
      await copy(sourceWith(), target);
      expectAttached(target);
      if (!died) return;
    }
    expect.unreachable('The copy never succeeded.');
  });
});

test('the index under the tag schema says what the API would, and is written once for each subject', async () => {
  const target = new ReferringRepository({ api: false });
  const other = referrerOf(node.root, 'another');
  await copy(sourceWith([sbom, other]), target);
  expect(target.listed(node.root.digest)).toContainEqual({
    ...descriptorOf(sbom.root.bytes, MANIFEST),
    artifactType: 'application/vnd.example.sbom',
    annotations: { 'org.example.text': 'sbom' },
  });
  expect(target.tagMoves.map(({ tag }) => tag)).toEqual([tagOf(node.root.digest), '22']);
});

test('a referrer may be an index, with children of its own and among them its subject', async () => {
  const platform = { root: amd64, manifests: [amd64], blobs: [] };
  const circular = [indexReferrerOf(amd64, platform), indexReferrerOf(node.root, node)];
  const reports = indexReferrerOf(node.root, image('report'));
  const target = new ReferringRepository();
  const result = await copy(sourceWith([...circular, reports]), target);
  expect(result.referrers).toEqual({ copied: 3, existing: 0, skipped: 0 });
  for (const { root } of [...circular, reports, image('report')]) {
    expect(target.manifests.has(root.digest)).toBe(true);
  }
});

test('switched off, nobody is asked', async () => {
  const source = sourceWith();
  const target = new ReferringRepository();
  const result = await copy(source, target, { referrers: false });
  expect(result.referrers).toEqual({ copied: 0, existing: 0, skipped: 0 });
  expect(source.count('referrers', 'cosignTags') + target.count('referrers')).toBe(0);
});

test('a source or a target that knows nothing of referrers copies the image alone', async () => {
  const bare = new MemoryRepository().seed(node);
  expect((await copy(bare, new ReferringRepository())).referrers.copied).toBe(0);
  expect((await copy(sourceWith(), new MemoryRepository())).referrers.copied).toBe(0);
});

test('an image without referrers costs one listing for each manifest, and the target none', async () => {
  const source = sourceWith([]);
  const target = new ReferringRepository();
  await copy(source, target);
  expect(source.count('referrers')).toBe(node.manifests.length);
  expect(source.count('cosignTags')).toBe(1);
  expect(target.count('referrers')).toBe(0);
  expect(target.stored.filter((key) => key === node.root.digest)).toEqual([]);
});

test('a refused listing keeps the image from being published', async () => {
  const source = sourceWith(attached, {
    listing: () => {
      throw new RegistryError('E_DENIED', 'no', { status: 403 });
    },
  });
  const target = new ReferringRepository();
  await expect(copy(source, target)).rejects.toMatchObject({ code: 'E_DENIED' });
  expect(target.tags.size).toBe(0);
  expect(source.underWay + target.underWay).toBe(0);
});

describe('a platform subset', () => {
  const platforms = [parsePlatform('linux/amd64')];

  test('keeps the referrers of the index where a partial index is taken', async () => {
    const target = new ReferringRepository({ acceptsSparse: true });
    expect((await copy(sourceWith(), target, { platforms })).referrers.copied).toBe(3);
    expectAttached(target);
  });

  test('has only those of its platforms where the index gets another digest', async () => {
    const target = new ReferringRepository();
    const result = await copy(sourceWith(), target, { platforms });
    expect(result).toMatchObject({ trimmed: true, referrers: { copied: 1, skipped: 1 } });
    expect(digestsListed(target, amd64)).toEqual([signatureOfAmd64.root.digest]);
    expect(target.manifests.has(sbom.root.digest)).toBe(false);
  });
});

describe('cosign’s tags', () => {
  const signedBy = (...signatures: readonly string[]) => image('{}', { layers: signatures });
  const upstream = signedBy('upstream');
  const tag = `${tagOf(node.root.digest)}.sig`;

  function signed(repository: ReferringRepository, subject: { readonly digest: Digest }, signatures: Graph) {
    repository.seed(signatures).tags.set(`${tagOf(subject.digest)}.sig`, signatures.root.digest);
    return repository;
  }

  test('are copied under the same names, and looked for at the platforms where the image has some', async () => {
    const source = signed(signed(sourceWith([]), node.root, upstream), amd64, signedBy('amd64'));
    const target = new ReferringRepository();
    const result = await copy(source, target);
    expect(result.referrers).toEqual({ copied: 2, existing: 0, skipped: 0 });
    expect([...target.tags.keys()].sort()).toEqual(['22', tag, `${tagOf(amd64.digest)}.sig`].sort());
    const again = await copy(source, target, { publish: async () => {} });
    expect(again.referrers).toEqual({ copied: 0, existing: 1, skipped: 0 });
  });

  test('follow the source when signatures were added there', async () => {
    const target = signed(new ReferringRepository(), node.root, upstream);
    const more = signedBy('upstream', 'second');
    const result = await copy(signed(sourceWith([]), node.root, more), target);
    expect(result.referrers).toMatchObject({ copied: 1, skipped: 0 });
    expect(target.tags.get(tag)).toBe(more.root.digest);
  });

  test('stay as they are in the target when it has signatures of its own', async () => {
    const own = signedBy('upstream', 'our own');
    const target = signed(new ReferringRepository(), node.root, own);
    const result = await copy(signed(sourceWith([]), node.root, upstream), target);
    expect(result.referrers).toMatchObject({ copied: 0, skipped: 1 });
    expect(target.tags.get(tag)).toBe(own.root.digest);
  });
});

describe('a list that is wrong', () => {
  const listing = (listed: readonly Graph[]) => (subject: Digest) =>
    subject === node.root.digest
      ? listed.map(({ root }) => descriptorOf(root.bytes, root.mediaType))
      : undefined;

  const broken = manifestContent(Buffer.from('{'), MANIFEST);
  test.each<[string, Graph, readonly Graph[]]>([
    ['refers to something else', signatureOfAmd64, [signatureOfAmd64]],
    ['is an image', image('image'), [image('image')]],
    [
      'cannot be read',
      { root: broken, manifests: [broken], blobs: [] },
      [{ root: broken, manifests: [broken], blobs: [] }],
    ],
    ['is gone', referrerOf(node.root, 'gone'), []],
  ])('costs the image nothing: an entry that %s is left out', async (_, entry, seeded) => {
    const source = sourceWith([sbom, ...seeded], { listing: listing([entry, sbom]) });
    const target = new ReferringRepository({ api: false });
    const result = await copy(source, target);
    expect(result.referrers).toMatchObject({ copied: entry === signatureOfAmd64 ? 2 : 1, skipped: 1 });
    expect(digestsListed(target, node.root)).toEqual([sbom.root.digest]);
    expect(target.tags.get('22')).toBe(node.root.digest);
  });

  test('ends when manifests are listed as referrers of each other', async () => {
    const all = [node.root, sbom.root].map(({ bytes, mediaType }) => descriptorOf(bytes, mediaType));
    const circle = () => all;
    const target = new ReferringRepository();
    const result = await copy(sourceWith([sbom], { listing: circle }), target);
    expect(result.referrers.copied).toBe(1);
    await copy(
      sourceWith([sbom], { listing: circle }),
      new ReferringRepository({ listing: circle }).seed(node),
    );
  });

  test('is refused when it never ends', async () => {
    const source = sourceWith([]);
    const invent = (subject: Digest) => {
      const content = source.manifests.get(subject);
      const graph = content && referrerOf(content, 'deeper');
      if (graph) source.seed(graph);
      return graph && [graph.root];
    };
    const endless = new ReferringRepository({ listing: invent });
    for (const map of ['manifests', 'blobs', 'tags'] as const)
      Object.defineProperty(endless, map, { value: source[map] });
    const target = new ReferringRepository();
    await expect(copy(endless, target)).rejects.toMatchObject({
      code: 'E_MANIFEST',
      message: expect.stringContaining('nested'),
    });
    expect(target.tags.size).toBe(0);
  });

  test('is refused when it is endlessly long', async () => {
    const long = Array.from({ length: 1001 }, (_, n) => descriptorOf(`${n}`, MANIFEST));
    const target = new ReferringRepository();
    await expect(copy(sourceWith([], { listing: () => long }), target)).rejects.toThrow(
      'more than 1000 referrers',
    );
    expect(target.stored).not.toContain('22');
  });

  test('never brings wrong bytes to the target', async () => {
    const source = sourceWith([sbom]);
    const text = referrerOf(node.root, 'sbom').blobs[1] ?? Buffer.alloc(0);
    for (const [digest, bytes] of source.blobs) {
      if (Buffer.compare(bytes, text) === 0) source.blobs.set(digest, Buffer.from('evil'));
    }
    const target = new ReferringRepository();
    await expect(copy(source, target)).rejects.toMatchObject({ code: 'E_DIGEST_MISMATCH' });
    expect(target.manifests.has(sbom.root.digest)).toBe(false);
    expect(target.tags.size).toBe(0);
  });
});

describe('an import', () => {
  const from = { registry: 'docker.io', repository: 'library/node', digest: node.root.digest };
  const to = { registry: 'mirror.test', repository: 'node', tag: '22' };

  test('that finds the tag right but a referrer missing did something', async () => {
    const target = new ReferringRepository();
    const importFrom = (source: ReferringRepository) =>
      importImage(({ registry }) => (registry === 'docker.io' ? source : target), from, to);
    expect(await importFrom(sourceWith([]))).toMatchObject({ state: 'succeeded' });
    expect(await importFrom(sourceWith([]))).toMatchObject({ state: 'unchanged' });
    expect(await importFrom(sourceWith([sbom]))).toMatchObject({
      state: 'succeeded',
      copy: { manifests: { copied: 0 }, referrers: { copied: 1 } },
    });
    expect(await importFrom(sourceWith([sbom]))).toMatchObject({ state: 'unchanged' });
  });

  test('without referrers brings none', async () => {
    const target = new ReferringRepository();
    const source = sourceWith();
    const repository = ({ registry }: { registry: string }) => (registry === 'docker.io' ? source : target);
    const { copy: result } = await importImage(repository, from, to, { referrers: false });
    expect(result.referrers.copied).toBe(0);
  });

  test('by a job says how many came along', async () => {
    const order = {
      source: sourceWith(),
      root: node.root.digest,
      to: new ReferringRepository(),
      target: to,
      observedAt: '2026-01-01T00:00:00.000Z',
    };
    const options = {
      guards: [],
      ledger: { tags: createMemoryRecords<TagRecord>(), placedBy: 'job' as const },
      blobs: createMemoryRecords<BlobRecord>(),
    };
    const outcome = await placeTag(order, options);
    expect(outcome).toMatchObject({
      state: 'succeeded',
      detail: expect.stringContaining('3 referrers copied'),
    });
    expect(await placeTag(order, options)).toMatchObject({ state: 'unchanged' });
    const more = { ...order, source: sourceWith([...attached, referrerOf(node.root, 'later')]) };
    expect(await placeTag(more, options)).toMatchObject({ state: 'succeeded' });
  });
});
