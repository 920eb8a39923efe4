import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../shared/content/index.ts';
import type { ArchiveContainer, CreateBlobOptions } from '../../shared/transfer/index.ts';

async function write(
  container: ArchiveContainer,
  name: string,
  text: string,
  options?: CreateBlobOptions,
): Promise<void> {
  const content = Buffer.from(text);
  const sink = container.create(name, content.byteLength, options);
  await sink.write(content.subarray(0, 2));
  await sink.write(content.subarray(2));
  await sink.commit({ size: content.byteLength, sha256: digestOf(content) });
}

async function read(container: ArchiveContainer, name: string): Promise<string> {
  const blob = await container.open(name);
  return Buffer.concat(await Array.fromAsync(await blob.read(0, blob.size))).toString();
}

/** What every adapter of the `ArchiveContainer` port does. `open` gives an empty container, with all rights, to each test. */
export function describeArchiveContainer(name: string, open: () => Promise<ArchiveContainer>): void {
  describe(`${name} as a container of archives`, () => {
    it('has a blob, whole and with its facts, once it is committed', async () => {
      const container = await open();
      const before = Date.now() - 60_000;
      await write(container, 'team/app.tar', 'content', { metadata: { category: 'acr-transfer-blob' } });
      const found = await container.find('team/app.tar');
      expect(found).toMatchObject({
        name: 'team/app.tar',
        size: 7,
        etag: expect.stringMatching(/^".+"$/),
        contentMd5: createHash('md5').update('content').digest('base64'),
        metadata: { category: 'acr-transfer-blob' },
      });
      expect(found?.modifiedAt.getTime()).toBeGreaterThan(before);
      expect(await read(container, 'team/app.tar')).toBe('content');
    });

    it('has nothing of a blob that is not committed', async () => {
      const container = await open();
      const sink = container.create('app.tar', 7);
      await sink.write(Buffer.from('content'));
      expect(await container.find('app.tar')).toBeUndefined();
      await sink.abort();
      expect(await container.find('app.tar')).toBeUndefined();
      await expect(container.open('app.tar')).rejects.toMatchObject({ code: 'E_STORAGE_NOT_FOUND' });
    });

    it('replaces a blob only where that is asked for', async () => {
      const container = await open();
      await write(container, 'app.tar', 'first');
      await expect(write(container, 'app.tar', 'second')).rejects.toMatchObject({ code: 'E_BLOB_EXISTS' });
      const { etag = '' } = (await container.find('app.tar')) ?? {};
      await write(container, 'app.tar', 'second', { replaces: { etag } });
      await expect(write(container, 'app.tar', 'third', { replaces: { etag } })).rejects.toMatchObject({
        code: 'E_BLOB_EXISTS',
      });
      expect(await read(container, 'app.tar')).toBe('second');
      await write(container, 'app.tar', 'third', { replaces: 'anything' });
      expect(await read(container, 'app.tar')).toBe('third');
    });

    it('reads ranges of a blob as it was when it was opened', async () => {
      const container = await open();
      await write(container, 'app.tar', 'content');
      const blob = await container.open('app.tar');
      expect(Buffer.concat(await Array.fromAsync(await blob.read(3, 2))).toString()).toBe('te');
      await write(container, 'app.tar', 'another', { replaces: 'anything' });
      await expect((async () => Array.fromAsync(await blob.read(0, blob.size)))()).rejects.toMatchObject({
        code: 'E_ARCHIVE_INCOMPLETE',
      });
    });

    it('lists its blobs as it finds them, and removes one only as it was found', async () => {
      const container = await open();
      expect(await Array.fromAsync(container.list())).toEqual([]);
      await write(container, 'a.tar', 'a');
      await write(container, 'b/c.tar', 'c');
      const listed = await Array.fromAsync(container.list());
      expect(listed).toEqual([await container.find('a.tar'), await container.find('b/c.tar')]);
      await write(container, 'a.tar', 'newer', { replaces: 'anything' });
      await container.remove({ name: 'a.tar', etag: listed[0]?.etag ?? '' });
      const { etag = '' } = (await container.find('a.tar')) ?? {};
      await container.remove({ name: 'a.tar', etag });
      await container.remove({ name: 'a.tar', etag });
      expect(await container.find('a.tar')).toBeUndefined();
    });

    it('shows nothing of a trial to write', async () => {
      const container = await open();
      await container.tryToWrite('app.tar');
      expect(await container.find('app.tar')).toBeUndefined();
      expect(await Array.fromAsync(container.list())).toEqual([]);
    });
  });
}
