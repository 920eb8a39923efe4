import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf, layoutBlobPath } from '../../../shared/content/index.ts';
import { LongshoreError } from '../../../shared/errors.ts';
import { copyGraph } from '../../../shared/imports/index.ts';
import { encodeCatalog, parseCatalog } from '../../../shared/transfer/archive/catalog.ts';
import { tarEntries } from '../../../shared/transfer/archive/tar-entries.ts';
import { headerBytes, memberBytes, tarHeader } from '../../../shared/transfer/archive/tar-format.ts';
import { type Catalog, exportArchive, openArchive } from '../../../shared/transfer/index.ts';
import { collect } from '../../helpers/collect.ts';
import { type Member, memoryFile, sparseFile, tarOf } from '../../helpers/layout-archive.ts';
import { type Graph, image, MemoryRepository } from '../../helpers/memory-content.ts';
import { memorySinks } from '../../helpers/memory-sinks.ts';

const graphs = Array.from({ length: 40 }, (_, at) =>
  image(`image ${at}`, { layers: ['shared layer', `layer ${at} `.repeat(5000)] }),
);
const roots = graphs.map(({ root }) => root.digest);

async function archiveOf(list: readonly Graph[]): Promise<Buffer> {
  const source = new MemoryRepository();
  const artifacts = list.map((graph, at) => {
    source.seed(graph);
    return { source, root: graph.root, name: `a/b${at}:1` };
  });
  const sinks = memorySinks();
  await exportArchive({ artifacts, name: 'x.tar', open: sinks.open });
  return sinks.files.get('x.tar') ?? Buffer.alloc(0);
}

async function importAll(bytes: Uint8Array, digests = roots): Promise<MemoryRepository> {
  await using archive = await openArchive(memoryFile(bytes));
  const target = new MemoryRepository();
  for (const digest of digests) await copyGraph(archive.source, target, digest);
  return target;
}

/** The same files, packed by another tool in another order. */
async function repacked(bytes: Buffer, order: (names: string[]) => string[]): Promise<Buffer> {
  const contents = new Map<string, Buffer>();
  for (const { name, dataOffset, size } of await collect(tarEntries(memoryFile(bytes)))) {
    contents.set(name, bytes.subarray(dataOffset, dataOffset + size));
  }
  const members = order([...contents.keys()]).map(
    (name): Member => ({ name, content: contents.get(name) ?? '' }),
  );
  return tarOf(members);
}

const listed = { mediaType: 'a/b', digest: digestOf(''), size: 0 };
const withTag = (tag: string) => ({
  name: 'a/b:1',
  platforms: [],
  referrers: [{ ...listed, subject: digestOf(''), tag }],
  ...listed,
});

describe('an archive with a catalog', () => {
  let bytes: Buffer;
  beforeAll(async () => {
    bytes = await archiveOf(graphs);
  });

  it('is opened by a few reads at its beginning and one at its end, however many blobs it has', async () => {
    const file = memoryFile(bytes);
    await using archive = await openArchive(file);
    expect(archive.artifacts).toHaveLength(graphs.length);
    expect(file.reads.length).toBeLessThanOrEqual(5);
    expect(file.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(200_000);
    expect(bytes.byteLength).toBeGreaterThan(1_500_000);
  });

  it('is found out by digests when it lies about where things are', async () => {
    const entries = await collect(tarEntries(memoryFile(bytes)));
    const blobs = entries.filter(({ size }) => size > 40_000);
    const [first, second] = blobs.filter(({ size }) => size === blobs[0]?.size);
    if (!first || !second) throw new Error('two blobs of one size are needed');
    const swapped = Buffer.from(bytes);
    bytes.copy(swapped, first.dataOffset, second.dataOffset, second.dataOffset + second.size);
    await expect(importAll(swapped)).rejects.toMatchObject({ code: 'E_DIGEST_MISMATCH' });
  });

  it('is read as well when another tool packed its files anew', async () => {
    const orders = [
      (names: string[]) => names.toSorted(),
      (names: string[]) => names.toReversed(),
      (names: string[]) => [...names.slice(0, 3), ...names.slice(3).toReversed()],
    ];
    for (const order of orders) {
      const target = await importAll(await repacked(bytes, order));
      expect(target.manifests.size).toBe(graphs.length);
    }
  });

  it('tolerates no entry behind its last file that no archive of images needs', async () => {
    const link = tarHeader('blobs/x', 0);
    link[156] = '2'.charCodeAt(0);
    const sum = link.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    Buffer.from(link.buffer, link.byteOffset).write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const extended = Buffer.concat([bytes.subarray(0, -1024), link, Buffer.alloc(1024)]);
    await expect(openArchive(memoryFile(extended))).rejects.toMatchObject({ code: 'E_ARCHIVE_FORMAT' });
  });

  it('is truncated when its end is missing', async () => {
    await expect(openArchive(memoryFile(bytes.subarray(0, bytes.byteLength - 4096)))).rejects.toThrow(
      /truncated/,
    );
  });

  it('never fails with anything but a known error, whatever byte is changed', async () => {
    const small = await archiveOf(graphs.slice(0, 1));
    const change = fc.tuple(fc.nat(small.byteLength - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const damaged = Buffer.from(small);
        for (const [at, value] of changes) damaged[at] = value;
        const result = await importAll(damaged, roots.slice(0, 1)).catch((error: unknown) => error);
        if (result instanceof MemoryRepository)
          expect(result.manifests.has(roots[0] ?? digestOf(''))).toBe(true);
        else expect(result).toBeInstanceOf(LongshoreError);
      }),
      { numRuns: 150 },
    );
  });

  it.each<[string, object | string, RegExp]>([
    ['a future version', { version: 2 }, /version/],
    ['no lists', { artifacts: undefined }, /artifacts/],
    ['a name without tag', { artifacts: [{ name: 'a/b' }] }, /artifacts\.0/],
    ['a digest that is none', { blobs: [{ digest: 'sha256:00', size: 1 }] }, /blobs\.0\.digest/],
    ['a size below zero', { blobs: [{ digest: digestOf(''), size: -1 }] }, /blobs\.0\.size/],
    ['a digest twice', { blobs: [1, 2].map((size) => ({ digest: digestOf(''), size })) }, /twice/],
    ['a part beyond the last', { part: { set: digestOf(''), number: 3, of: 2 } }, /beyond/],
    ['a referrer under the tag of something else', { artifacts: [withTag('latest')] }, /referrers\.0.*tag/],
    [
      'a referrer under the tag of another subject',
      { artifacts: [withTag(`sha256-${'0'.repeat(64)}.sig`)] },
      /referrers\.0.*tag/,
    ],
    ['JSON beyond all depth', '{"a":'.repeat(500_000), /not JSON/],
    ['nothing', '', /not JSON/],
  ])('is refused when its catalog has %s', (_, change, message) => {
    const catalog = { version: 1, artifacts: [], manifests: [], blobs: [] };
    const text = typeof change === 'string' ? change : JSON.stringify({ ...catalog, ...change });
    expect(() => parseCatalog(Buffer.from(text))).toThrow(message);
  });

  it('may not have a catalog of any size', () => {
    expect(() => parseCatalog(Buffer.alloc(16 * 1024 ** 2 + 1))).toThrow(/16777217 bytes long/);
  });

  it('has a catalog that reads back as what was written', () => {
    const digest = fc.uint8Array({ maxLength: 8 }).map((seed) => digestOf(seed));
    const blob = fc.record({ digest, size: fc.nat() });
    const unique = <T extends { readonly digest: string }>(one: fc.Arbitrary<T>) =>
      fc.uniqueArray(one, { selector: ({ digest: key }) => key, maxLength: 6 });
    const catalog: fc.Arbitrary<Catalog> = fc.record({
      version: fc.constant(1 as const),
      artifacts: fc.constant([]),
      manifests: unique(fc.record({ mediaType: fc.constant('a/b'), digest, size: fc.nat() })),
      blobs: unique(blob),
      base: fc.option(fc.record({ catalog: digest, blobs: unique(blob) }), { nil: undefined }),
    });
    fc.assert(
      fc.property(catalog, (one) => {
        const bytes = encodeCatalog(one);
        expect(encodeCatalog(parseCatalog(bytes))).toEqual(bytes);
      }),
    );
  });
});

describe('a tar header', () => {
  const path = fc.oneof(
    fc.constantFrom('oci-layout', 'longshore/catalog.json'),
    fc.uint8Array({ maxLength: 4 }).map((seed) => layoutBlobPath(digestOf(seed))),
    fc.uint8Array({ maxLength: 4 }).map((seed) => layoutBlobPath(digestOf(seed, 'sha512'))),
  );

  it('says what was written, also of files beyond 8 GiB and of long paths', async () => {
    const size = fc.oneof(fc.nat(), fc.integer({ min: 8 * 1024 ** 3 - 2, max: 2 ** 45 }));
    await fc.assert(
      fc.asyncProperty(path, size, async (name, bytes) => {
        const header = tarHeader(name, bytes);
        expect(header.byteLength).toBe(headerBytes(name));
        const file = sparseFile(memberBytes(name, bytes) + 1024, [[0, header]]);
        expect(await collect(tarEntries(file))).toEqual([
          { name, size: bytes, type: 'file', dataOffset: header.byteLength },
        ]);
      }),
      { numRuns: 200 },
    );
  });
});
