import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyGraph } from '../../../shared/imports/index.ts';
import { decompressed } from '../../../shared/transfer/archive/decompress.ts';
import { MultiPassReader } from '../../../shared/transfer/archive/multi-pass-reader.ts';
import { openArchive } from '../../../shared/transfer/index.ts';
import { collect } from '../../helpers/collect.ts';
import { imageLayout, memoryFile, sparseFile, tarOfFiles } from '../../helpers/layout-archive.ts';
import { MemoryRepository } from '../../helpers/memory-content.ts';

const MIB = 1024 ** 2;

/** Bytes that do not compress, the same every time. */
function noise(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let at = 0; at < size; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(state, Math.min(at, size - 4));
  }
  return bytes;
}

const compressions = [
  ['gzip', (bytes: Uint8Array) => gzipSync(bytes, { level: 1 })],
  ['zstd', (bytes: Uint8Array) => zstdCompressSync(bytes)],
] as const;

describe.each(compressions)('an archive compressed with %s', (name, compress) => {
  it('is imported as if it were not', async () => {
    const layers = [noise(MIB, 1), noise(700_000, 2), noise(10, 3), noise(MIB + 1, 4)];
    const layout = imageLayout({ layers });
    await using archive = await openArchive(memoryFile(compress(await tarOfFiles(layout.files))));
    const target = new MemoryRepository();
    await copyGraph(archive.source, target, layout.root.digest);
    for (const { digest } of layout.layers) expect(target.blobs.has(digest)).toBe(true);
    expect(target.blobs.size).toBe(5);
  });

  it('is read once when its layers are in the target', async () => {
    const layout = imageLayout({ layers: [noise(MIB, 1)] });
    const file = memoryFile(compress(await tarOfFiles(layout.files)));
    const target = new MemoryRepository();
    const [layer = layout.root] = layout.layers;
    target.blobs.set(layer.digest, noise(MIB, 1));
    await using archive = await openArchive(file);
    await copyGraph(archive.source, target, layout.root.digest);
    const fullReads = file.reads.filter(({ length }) => length === file.size);
    expect(fullReads).toHaveLength(1);
  });

  it('is refused when it is cut or damaged', async () => {
    const whole = compress(await tarOfFiles(imageLayout({ layers: [noise(MIB, 1)] }).files));
    const cut = whole.subarray(0, Math.floor(whole.byteLength / 2));
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 40, 4000);
    for (const bytes of [cut, damaged]) {
      await expect(openArchive(memoryFile(bytes))).rejects.toMatchObject({ code: 'E_ARCHIVE_FORMAT' });
    }
  });

  it('may consist of several compressed pieces, as parallel compressors make', async () => {
    const tar = await tarOfFiles(imageLayout({ layers: [noise(MIB, 1)] }).files);
    const pieces = [tar.subarray(0, 500_000), tar.subarray(500_000)].map(compress);
    await using archive = await openArchive(memoryFile(Buffer.concat(pieces)));
    expect(archive.artifacts).toHaveLength(1);
  });

  it('says what is inside when that is no archive', async () => {
    await expect(openArchive(memoryFile(compress(Buffer.from('hello '.repeat(500)))))).rejects.toThrow(
      /not a tar archive/,
    );
    const twice = compress(compress(await tarOfFiles(imageLayout().files)));
    await expect(openArchive(memoryFile(twice))).rejects.toThrow(
      name === 'gzip' ? /compressed with gzip/ : /compressed with zstd/,
    );
  });
});

describe('decompressing', () => {
  it('stops at a bomb', async () => {
    const zeros = zstdCompressSync(Buffer.alloc(64 * MIB));
    const bomb = Buffer.concat(Array.from({ length: 6 }, () => zeros));
    let seen = 0;
    const reading = (async () => {
      for await (const chunk of decompressed(memoryFile(bomb), 'zstd')) seen += chunk.byteLength;
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'E_ARCHIVE_FORMAT',
      message: expect.stringContaining('decompresses to more than'),
    });
    expect(seen).toBeLessThanOrEqual(256 * MIB);
  });

  it.each([
    ['empty', zstdCompressSync(Buffer.alloc(0))],
    ['skipped', Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])],
    ['tiny', zstdCompressSync(Buffer.alloc(1))],
  ])('stops at a file of ever more %s frames, each of which costs a read', async (_, frame) => {
    const file = memoryFile(Buffer.concat(Array.from({ length: 10_000 }, () => frame)));
    await expect(collect(decompressed(file, 'zstd'))).rejects.toMatchObject({
      code: 'E_ARCHIVE_FORMAT',
      message: expect.stringContaining('decompression bomb'),
    });
    expect(file.reads.length).toBeLessThan(1_100);
  });

  it('reports what reading failed with, and the reason of an abort', async () => {
    const file = {
      size: 1000,
      read: async () =>
        (async function* () {
          yield gzipSync('x').subarray(0, 12);
          throw new Error('connection broke');
        })(),
    };
    await expect(collect(decompressed(file, 'gzip'))).rejects.toThrow('connection broke');
    const signal = AbortSignal.abort(new Error('enough'));
    const reading = collect(decompressed(memoryFile(gzipSync('x')), 'gzip', { signal }));
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('reading parts of what only goes forwards', () => {
  const content = noise(100_000, 7);

  function passes() {
    const counter = { passes: 0 };
    const reads = new MultiPassReader(() => {
      counter.passes += 1;
      const file = sparseFile(content.byteLength, [[0, content]]);
      return (async function* () {
        yield* await file.read(0, file.size);
      })();
    });
    return { counter, reads };
  }

  const readAll = async (reads: MultiPassReader, offset: number, length: number) =>
    Buffer.concat(await collect(await reads.read(offset, length)));

  it('serves all that lies ahead in one pass, whatever the order of the requests', async () => {
    const { counter, reads } = passes();
    const first = reads.read(0, 10);
    const offsets = [70_000, 20_000, 90_000, 50_000, 30_000];
    const others = offsets.map((offset) => readAll(reads, offset, 5_000));
    const begun = Buffer.concat(await collect(await first));
    expect(begun).toEqual(content.subarray(0, 10));
    for (const [at, bytes] of (await Promise.all(others)).entries()) {
      const offset = offsets[at] ?? 0;
      expect(bytes.equals(content.subarray(offset, offset + 5_000))).toBe(true);
    }
    expect(counter.passes).toBe(1);
  });

  it('begins anew for what lies behind', async () => {
    const { counter, reads } = passes();
    await readAll(reads, 50_000, 10);
    expect(await readAll(reads, 10, 10)).toEqual(content.subarray(10, 20));
    expect(counter.passes).toBe(2);
  });

  it('lets others have their turn when a reader gives up, has not begun, or is aborted', async () => {
    const { reads } = passes();
    const stop = new AbortController();
    const unread = await reads.read(0, 50_000);
    const half = reads.read(0, 50_000);
    const aborted = reads.read(60_000, 10, { signal: stop.signal });
    await unread[Symbol.asyncIterator]().return?.();
    for await (const _ of await half) break;
    await aborted;
    stop.abort(new Error('enough'));
    expect(await readAll(reads, 70_000, 10)).toEqual(content.subarray(70_000, 70_010));
  });

  it('forgets requests that are aborted while they wait, and all when it is closed', async () => {
    const { reads } = passes();
    const stop = new AbortController();
    await reads.read(0, 10);
    const waiting = reads.read(20, 10, { signal: stop.signal });
    const other = reads.read(30, 10);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await Promise.all([reads.close(), expect(other).rejects.toThrow('closed')]);
    await expect(reads.read(0, 1)).rejects.toThrow('closed');
  });

  it('says so when there is less than was asked for', async () => {
    const { reads } = passes();
    await expect(readAll(reads, 99_999, 2)).rejects.toMatchObject({ code: 'E_ARCHIVE_INCOMPLETE' });
    expect(await readAll(reads, 99_999, 1)).toEqual(content.subarray(99_999));
  });

  it('gives everybody the right bytes, also when some stop early', async () => {
    const request = fc.record({
      offset: fc.nat(90_000),
      length: fc.nat(10_000),
      stopsEarly: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 12 }), async (requests) => {
        const { counter, reads } = passes();
        await Promise.all(
          requests.map(async ({ offset, length, stopsEarly }) => {
            const chunks: Uint8Array[] = [];
            for await (const chunk of await reads.read(offset, length)) {
              chunks.push(chunk);
              if (stopsEarly) break;
            }
            const bytes = Buffer.concat(chunks);
            if (!stopsEarly) expect(bytes.byteLength).toBe(length);
            expect(bytes.equals(content.subarray(offset, offset + bytes.byteLength))).toBe(true);
          }),
        );
        expect(counter.passes).toBeLessThanOrEqual(requests.length);
        await reads.close();
      }),
      { numRuns: 100 },
    );
  });
});
