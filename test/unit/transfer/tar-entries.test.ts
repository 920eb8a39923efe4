import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { tarEntries } from '../../../shared/transfer/archive/tar-entries.ts';
import { collect } from '../../helpers/collect.ts';
import { type Member, memoryFile, sparseFile, tarOf } from '../../helpers/layout-archive.ts';

const GIB = 2 ** 30;
const WINDOW_BYTES = 64 * 1024;

const formatError = (message: RegExp) =>
  expect.objectContaining({ code: 'E_ARCHIVE_FORMAT', message: expect.stringMatching(message) });

const list = (bytes: Uint8Array, maxEntries?: number) =>
  collect(tarEntries(memoryFile(bytes), { maxEntries }));

/** The header blocks alone of a file of any size. */
async function headerOf(name: string, size: number): Promise<Uint8Array> {
  const archive = pack();
  archive.entry({ name, size }).on('error', () => {});
  const [block] = await once(archive, 'data');
  return block;
}

// A slash at the end makes a directory of a file; NUL ends a name.
const name = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 300 }),
    fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }),
    fc
      .array(fc.stringMatching(/^[a-z0-9._-]{1,60}$/), { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join('/')),
  )
  .map((text) => text.replaceAll('\0', '').replace(/\/+$/, '').toWellFormed())
  .filter((text) => text.length > 0);

const member: fc.Arbitrary<Member & { content: Uint8Array }> = fc.record({
  name,
  content: fc
    .oneof(fc.constantFrom(0, 1, 511, 512, 513, 1024), fc.nat(3000))
    .map((size) => Uint8Array.from({ length: size }, (_, at) => (at * at + size) % 253)),
  pax: fc.oneof(fc.constant(null), fc.record({ comment: fc.stringMatching(/^[a-z ]{1,600}$/) })),
});

describe('listing a tar archive by its headers', () => {
  it('agrees with what was packed on names and sizes, and finds the content at the offset', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 12 }), async (members) => {
        const bytes = await tarOf(members);
        const entries = await list(bytes);
        expect(entries.map((entry) => [entry.name, entry.size, entry.type])).toEqual(
          members.map(({ name, content }) => [name, content.byteLength, 'file']),
        );
        for (const [at, { dataOffset, size }] of entries.entries()) {
          expect(bytes.subarray(dataOffset, dataOffset + size)).toEqual(
            Buffer.from(members[at]?.content ?? []),
          );
        }
      }),
      { numRuns: 100 },
    );
  });

  it('reports an archive cut anywhere as truncated, or lists the entries that are whole', async () => {
    const bytes = await tarOf([
      { name: 'a'.repeat(200), content: 'x'.repeat(700) },
      { name: 'b', content: 'y' },
    ]);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 512, max: bytes.byteLength }), async (length) => {
        const entries = await list(bytes.subarray(0, length)).catch((error: unknown) => {
          expect(error).toEqual(formatError(/truncated/));
          return [];
        });
        for (const { dataOffset, size } of entries) expect(dataOffset + size).toBeLessThanOrEqual(length);
      }),
    );
  });

  it('never fails with anything but a format error, whatever the bytes', async () => {
    const valid = await tarOf([{ name: 'é'.repeat(120), content: 'x'.repeat(700) }, { name: 'b' }]);
    const change = fc.tuple(fc.nat(valid.byteLength - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), async (changes) => {
        const bytes = Buffer.from(valid);
        for (const [at, value] of changes) bytes[at] = value;
        await list(bytes).catch((error: unknown) => expect(error).toEqual(formatError(/./)));
      }),
    );
  });

  it('does not read contents: a file of 1 GiB between two small ones costs two windows', async () => {
    const second = 512 + GIB;
    const file = sparseFile(second + 4096, [
      [0, await headerOf('large', GIB)],
      [second, await tarOf([{ name: 'small', content: 'after' }])],
    ]);

    expect(await collect(tarEntries(file))).toEqual([
      { name: 'large', size: GIB, type: 'file', dataOffset: 512 },
      { name: 'small', size: 5, type: 'file', dataOffset: second + 512 },
    ]);
    expect(file.reads).toHaveLength(2);
    expect(file.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(2 * WINDOW_BYTES);
  });

  it('reads neighbouring small entries together', async () => {
    const file = memoryFile(
      await tarOf(Array.from({ length: 50 }, (_, at) => ({ name: `${at}`, content: 'x' }))),
    );
    expect(await collect(tarEntries(file))).toHaveLength(50);
    expect(file.reads).toHaveLength(1);
  });

  it('understands sizes beyond 8 GiB', async () => {
    const size = 20 * GIB + 3;
    const file = sparseFile(512 + size, [[0, await headerOf('huge', size)]]);
    expect(await collect(tarEntries(file))).toEqual([{ name: 'huge', size, type: 'file', dataOffset: 512 }]);
  });

  it('tells directories and other things from files', async () => {
    const entries = await list(
      await tarOf([
        { name: 'dir', type: 'directory' },
        { name: 'link', type: 'symlink', linkname: '/etc/passwd' },
        { name: 'hard', type: 'link', linkname: 'dir/x' },
        { name: 'device', type: 'character-device' },
      ]),
    );
    expect(entries.map(({ type }) => type)).toEqual(['directory', 'other', 'other', 'other']);
  });

  it('ends at the zeros that end an archive, behind which may be more zeros and nothing else', async () => {
    const small = await tarOf([{ name: 'a', content: 'x' }]);
    const padded = sparseFile(512 * 1024, [[0, small]]);
    expect(await collect(tarEntries(padded))).toHaveLength(1);
    const more = sparseFile(512 * 1024, [
      [0, small],
      [400_000, Uint8Array.of(1)],
    ]);
    await expect(collect(tarEntries(more))).rejects.toEqual(formatError(/after its end: .* at byte 400000/));
    const endless = sparseFile(GIB, [[0, small]]);
    await expect(collect(tarEntries(endless))).rejects.toEqual(formatError(/more than 1048576 bytes/));
    expect(endless.reads.length).toBeLessThan(20);
  });

  it('holds no more of names than any real archive has', async () => {
    const pax = { comment: 'x' };
    const name = 'n'.repeat(900_000);
    const members = Array.from({ length: 40 }, (_, at) => ({ name: `${at}${name}`, pax }));
    await expect(list(await tarOf(members))).rejects.toEqual(
      formatError(/names in the archive are too long/),
    );
  });

  it('says how an archive is compressed that is to be read by its headers', async () => {
    await expect(list(gzipSync(await tarOf([{ name: 'a' }])))).rejects.toEqual(
      formatError(/compressed with gzip\. Expected/),
    );
    await expect(list(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0))).rejects.toEqual(formatError(/with zstd/));
  });

  it.each([
    ['an empty file', new Uint8Array(0)],
    ['a short file', Buffer.from('{}')],
    ['a text', Buffer.from('hello '.repeat(500))],
  ])('refuses %s as no tar archive', async (_, bytes) => {
    await expect(list(bytes)).rejects.toEqual(formatError(/not a tar archive/));
  });

  it('says where a header is damaged', async () => {
    const bytes = await tarOf([{ name: 'a', content: 'x' }, { name: 'b' }]);
    bytes[1024 + 3] = 0xff;
    await expect(list(bytes)).rejects.toEqual(formatError(/damaged at byte 1024/));
  });

  it('names the entry that reaches past the end', async () => {
    const bytes = await tarOf([{ name: 'blobs/big', content: 'x'.repeat(5000) }]);
    await expect(list(bytes.subarray(0, 3000))).rejects.toEqual(
      formatError(/truncated: "blobs\/big" ends at byte 5512, the file at byte 3000/),
    );
  });

  it('stops at the allowed number of entries', async () => {
    const bytes = await tarOf([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    await expect(list(bytes, 2)).rejects.toEqual(formatError(/more than 2 entries/));
    expect(await list(bytes, 3)).toHaveLength(3);
  });

  it('gives up on headers longer than any real one', async () => {
    const bytes = await tarOf([{ name: 'a', pax: { comment: 'x'.repeat(1_100_000) } }]);
    await expect(list(bytes)).rejects.toEqual(formatError(/longer than 1048576 bytes/));
  });

  it('stops when aborted', async () => {
    const file = memoryFile(await tarOf([{ name: 'a' }]));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(collect(tarEntries(file, { signal }))).rejects.toThrow('enough');
  });
});
