import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import { copyGraph } from '../../../shared/imports/index.ts';
import { openArchiveSet } from '../../../shared/transfer/archive/archive-set.ts';
import { namesOfParts, partName } from '../../../shared/transfer/archive/part-name.ts';
import {
  catalogId,
  type ExportOptions,
  type ExportResult,
  exportArchive,
  openArchive,
  readCatalog,
} from '../../../shared/transfer/index.ts';
import { imageLayout, memoryFile, tarOfFiles } from '../../helpers/layout-archive.ts';
import { type Graph, image } from '../../helpers/memory-content.ts';
import { ReferringRepository } from '../../helpers/memory-referrers.ts';
import { memorySinks } from '../../helpers/memory-sinks.ts';

const KIB = 1024;

interface Exported {
  readonly result: ExportResult;
  readonly files: ReadonlyMap<string, Buffer>;
}

async function exported(
  graphs: readonly Graph[],
  options: ExportOptions = {},
  name = 'team/app.tar',
): Promise<Exported> {
  const source = new ReferringRepository();
  const artifacts = graphs.map((graph, at) => {
    source.seed(graph);
    return { source, root: graph.root, name: `example.com/image-${at}:v1` };
  });
  const sinks = memorySinks();
  const result = await exportArchive({ artifacts, name, open: sinks.open, options });
  return { result, files: sinks.files };
}

const sized = (config: string, ...layerSizes: readonly number[]) =>
  image(config, { layers: layerSizes.map((size, at) => `${config}${at}`.padEnd(size, '.')) });

const finder = (files: ReadonlyMap<string, Buffer>) => async (name: string) => {
  const bytes = files.get(name);
  return bytes && memoryFile(bytes);
};

const fileOf = (bytes: Uint8Array | undefined) => memoryFile(bytes ?? Buffer.alloc(0));

describe('the parts of a split archive', () => {
  const images = [sized('one', 30 * KIB, 50 * KIB), sized('two', 70 * KIB, 10 * KIB)];
  const options = { maxPartBytes: 100 * KIB };

  it('are no larger than asked for, are called by their number, and hold each blob once', async () => {
    const { result, files } = await exported(images, options);
    expect(result.parts.map(({ name }) => name)).toEqual([
      'team/app.part-1-of-2.tar',
      'team/app.part-2-of-2.tar',
    ]);
    for (const { size } of result.parts) expect(size).toBeLessThanOrEqual(100 * KIB);
    const catalogs = await Promise.all(
      [...files.values()].map(async (bytes) => (await readCatalog(memoryFile(bytes))).catalog),
    );
    expect(catalogs.map(({ part }) => part)).toEqual(
      [1, 2].map((number) => ({ set: result.catalogDigest, number, of: 2 })),
    );
    const digests = catalogs.flatMap(({ blobs }) => blobs.map(({ digest }) => digest));
    expect(digests.toSorted()).toEqual(result.catalog.blobs.map(({ digest }) => digest));
    expect(catalogId(result.catalog)).toBe(result.catalogDigest);
  });

  it('are imported together, whichever is opened', async () => {
    const { files } = await exported(images, options);
    for (const [name, bytes] of files) {
      await using archive = await openArchiveSet(memoryFile(bytes), name, { openPart: finder(files) });
      const target = new ReferringRepository();
      for (const { descriptor } of archive.artifacts) {
        await copyGraph(archive.source, target, descriptor.digest);
      }
      expect(target.blobs.size).toBe(6);
    }
  });

  it('are valid each by itself, and one says where the rest is', async () => {
    const { files } = await exported(images, options);
    const [bytes] = files.values();
    await using archive = await openArchive(fileOf(bytes));
    const copying = images.map(({ root }) =>
      copyGraph(archive.source, new ReferringRepository(), root.digest),
    );
    const failed = (await Promise.allSettled(copying)).find(({ status }) => status === 'rejected');
    expect(failed).toMatchObject({
      reason: {
        code: 'E_ARCHIVE_INCOMPLETE',
        message: expect.stringMatching(/not in part 1 of 2/),
      },
    });
  });

  it('are opened a few at a time, and no more of them once one cannot be', async () => {
    const many = Array.from({ length: 30 }, (_, at) => sized(`image ${at}`, 30 * KIB));
    const { files } = await exported(many, { maxPartBytes: 100 * KIB });
    expect(files.size).toBeGreaterThan(20);
    const [[name, bytes] = ['', Buffer.alloc(0)]] = files;
    let open = 0;
    let most = 0;
    const counted = async (other: string) => {
      open += 1;
      most = Math.max(most, open);
      await setImmediate();
      open -= 1;
      return await finder(files)(other);
    };
    await using archive = await openArchiveSet(memoryFile(bytes), name, { openPart: counted });
    expect(archive.artifacts).toHaveLength(30);
    expect(most).toBe(16);

    const asked: string[] = [];
    const failing = async (other: string) => {
      asked.push(other);
      await setImmediate();
      throw new Error('out of order');
    };
    const opening = openArchiveSet(memoryFile(bytes), name, { openPart: failing });
    await expect(opening).rejects.toThrow('out of order');
    expect(asked.length).toBeLessThan(files.size - 1);
  });

  it('are missed by name', async () => {
    const { files } = await exported(images, options);
    const [[name, bytes] = ['', Buffer.alloc(0)]] = files;
    await expect(openArchiveSet(memoryFile(bytes), name)).rejects.toMatchObject({
      code: 'E_ARCHIVE_INCOMPLETE',
      message: expect.stringMatching(/part 1 of 2, and "team\/app.part-2-of-2.tar" is missing/),
    });
  });

  it('are refused when they are of two exports, or do not have their names', async () => {
    const first = await exported(images, options);
    const second = await exported([sized('three', 30 * KIB, 50 * KIB), sized('four', 70 * KIB)], options);
    const [name = '', other = ''] = first.files.keys();
    const mixed = new Map([...first.files, [other, second.files.get(other) ?? Buffer.alloc(0)]]);
    const opening = openArchiveSet(fileOf(first.files.get(name)), name, { openPart: finder(mixed) });
    await expect(opening).rejects.toThrow(/belong to different exports/);
    const renamed = openArchiveSet(fileOf(first.files.get(name)), 'app.tar', { openPart: finder(mixed) });
    await expect(renamed).rejects.toThrow(/name does not say so.*part-1-of-2/);
  });

  it('are opened for their blobs, and nothing else of them is kept: there may be a thousand', async () => {
    const { files } = await exported(images, options);
    const [, bytes] = files.values();
    await using alone = await openArchive(fileOf(bytes));
    await using beside = await openArchive(fileOf(bytes), { partOf: 2 });
    const { blobs = [], manifests = [] } = alone.catalog?.catalog ?? {};
    expect(blobs.length * manifests.length).toBeGreaterThan(0);
    expect(beside.artifacts).toEqual([]);
    expect(beside.catalog?.catalog).toEqual({ ...alone.catalog?.catalog, artifacts: [], manifests: [] });
    expect(blobs.filter(({ digest }) => !beside.source.has(digest))).toEqual([]);
    expect(manifests.filter(({ digest }) => beside.source.has(digest))).toEqual([]);
  });

  it('are not opened any further than to one that belongs elsewhere, or has too much', async () => {
    const set = digestOf('set');
    const part = async (number: number, blobCount: number, other = set) => {
      const blobs = Array.from({ length: blobCount }, (_, at) => ({
        digest: `sha256:${String(number * 1_000_000 + at).padStart(64, '0')}`,
        size: 1,
      }));
      const catalog = {
        version: 1,
        artifacts: [],
        manifests: [],
        blobs,
        part: { set: other, number, of: 4 },
      };
      const files = imageLayout().files.set('longshore/catalog.json', Buffer.from(JSON.stringify(catalog)));
      return memoryFile(await tarOfFiles(files));
    };
    for (const second of [await part(2, 0, digestOf('another')), await part(2, 60_000)]) {
      const rest = [second, await part(3, 60_000), await part(4, 0)];
      const opening = openArchiveSet(await part(1, 0), 'app.part-1-of-4.tar', {
        openPart: async (name) => rest[Number(/part-(\d)/.exec(name)?.[1]) - 2],
      });
      await expect(opening).rejects.toThrow(/belong to different exports/);
      expect(rest.at(-1)?.reads).toEqual([]);
    }
  });

  it('are one whole archive where that is small enough', async () => {
    const whole = await exported(images);
    const size = whole.result.parts[0]?.size ?? 0;
    const same = await exported(images, { maxPartBytes: size });
    expect([...same.files.keys()]).toEqual(['team/app.tar']);
    expect((await exported(images, { maxPartBytes: size - 1 })).files.size).toBe(2);
  });

  it('say how large they must be when a blob fits into none, before anything is written', async () => {
    const failure = await exported(images, { maxPartBytes: 60 * KIB }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'E_ARGUMENT' });
    const least = Number(/at least (\d+) bytes/.exec(String(failure))?.[1]);
    const { result } = await exported(images, { maxPartBytes: least });
    for (const { size } of result.parts) expect(size).toBeLessThanOrEqual(least);
  });

  it('keep to every size that is possible, whatever the blobs', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20 * KIB }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 34 * KIB, max: 70 * KIB }), async (layers, maxPartBytes) => {
        const { result, files } = await exported([sized('x', ...layers)], { maxPartBytes });
        for (const { size } of result.parts) expect(size).toBeLessThanOrEqual(maxPartBytes);
        const [name = ''] = files.keys();
        await using archive = await openArchiveSet(fileOf(files.get(name)), name, {
          openPart: finder(files),
        });
        const digests = new Set(result.catalog.blobs.map(({ digest }) => digest));
        for (const digest of digests) expect(archive.source.has(digest)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['app.tar', 'app.part-2-of-3.tar'],
    ['team/app.TAR', 'team/app.part-2-of-3.TAR'],
    ['plain', 'plain.part-2-of-3'],
    ['a.part-1-of-2.tar', 'a.part-1-of-2.part-2-of-3.tar'],
  ])('of %s are called like %s', (archive, name) => {
    expect(partName(archive, { number: 2, of: 3 })).toBe(name);
    expect(namesOfParts(name)?.[1]).toBe(name);
    expect(namesOfParts(name)).toHaveLength(3);
  });

  it('are told from other files', () => {
    for (const name of ['app.tar', 'app.part-4-of-3.tar', 'app.part-0-of-3.tar', 'app.part-1-of-99999.tar']) {
      expect(namesOfParts(name)).toBeUndefined();
    }
  });
});

describe('a differential archive', () => {
  const base = image('base', { layers: ['system', 'runtime'] });
  const next = image('next', { layers: ['system', 'runtime', 'app'] });
  const last = image('last', { layers: ['system', 'runtime', 'app', 'patch'] });

  it('leaves out what its base has, and names it', async () => {
    const first = await exported([base]);
    const second = await exported([next], { base: first.result.catalog });
    expect(second.result.catalog.blobs).toHaveLength(2);
    expect(second.result.catalog.base).toMatchObject({ catalog: first.result.catalogDigest });
    expect(second.result.catalog.base?.blobs).toHaveLength(2);
  });

  it('builds upon one that is differential itself', async () => {
    const first = await exported([base]);
    const second = await exported([next], { base: first.result.catalog });
    const third = await exported([last], { base: second.result.catalog });
    expect(third.result.catalog.base).toMatchObject({ catalog: second.result.catalogDigest });
    expect(third.result.catalog.blobs).toHaveLength(2);
  });

  it('is imported into a target that has the rest', async () => {
    const first = await exported([base]);
    const second = await exported([next], { base: first.result.catalog });
    await using archive = await openArchive(fileOf(second.files.get('team/app.tar')));
    const copied = await copyGraph(archive.source, new ReferringRepository().seed(base), next.root.digest);
    expect(copied.blobs).toMatchObject({ uploaded: 2, existing: 2 });
  });

  it('is imported into an empty target with its base beside it', async () => {
    const first = await exported([base]);
    const second = await exported([next], { base: first.result.catalog });
    const file = fileOf(second.files.get('team/app.tar'));
    const bases = [fileOf(first.files.get('team/app.tar'))];
    await using archive = await openArchiveSet(file, 'team/app.tar', { bases });
    const copied = await copyGraph(archive.source, new ReferringRepository(), next.root.digest);
    expect(copied.blobs).toMatchObject({ uploaded: 4 });
  });

  it('names its base when that is missing', async () => {
    const first = await exported([base]);
    const second = await exported([next], { base: first.result.catalog });
    await using archive = await openArchive(fileOf(second.files.get('team/app.tar')));
    const copying = copyGraph(archive.source, new ReferringRepository(), next.root.digest);
    await expect(copying).rejects.toMatchObject({
      code: 'E_ARCHIVE_INCOMPLETE',
      message: expect.stringContaining(first.result.catalogDigest),
    });
  });

  it('is an ordinary archive when it shares nothing with its base', async () => {
    const other = image('other', { layers: ['else'] });
    const first = await exported([base]);
    const differential = await exported([other], { base: first.result.catalog });
    expect(differential.result.catalogDigest).toBe((await exported([other])).result.catalogDigest);
  });

  it('can be split', async () => {
    const first = await exported([sized('base', 50 * KIB)]);
    const graph = sized('base', 50 * KIB, 60 * KIB, 61 * KIB);
    const { result, files } = await exported([graph], {
      base: first.result.catalog,
      maxPartBytes: 80 * KIB,
    });
    expect(result.parts).toHaveLength(2);
    const [name = ''] = files.keys();
    await using archive = await openArchiveSet(fileOf(files.get(name)), name, {
      openPart: finder(files),
      bases: [fileOf(first.files.get('team/app.tar'))],
    });
    const copied = await copyGraph(archive.source, new ReferringRepository(), graph.root.digest);
    expect(copied.blobs.uploaded).toBe(4);
  });

  it('can build upon a catalog that was taken out of its archive', async () => {
    const { result, files } = await exported([base]);
    const inArchive = await readCatalog(fileOf(files.get('team/app.tar')));
    const alone = await readCatalog(memoryFile(inArchive.bytes));
    expect(alone.catalog).toEqual(result.catalog);
    expect(catalogId(alone.catalog)).toBe(result.catalogDigest);
  });

  it('cannot build upon an archive that others made', async () => {
    const foreign = memoryFile(await tarOfFiles(imageLayout().files));
    await expect(readCatalog(foreign)).rejects.toThrow(/has no catalog.*catalog\.json/);
  });
});
