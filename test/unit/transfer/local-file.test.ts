import { mkdtemp, readdir, readlink, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalFile } from '../../../shared/transfer/index.ts';
import { collect } from '../../helpers/collect.ts';

describe('a local file', () => {
  const content = Buffer.from(Array.from({ length: 700_000 }, (_, at) => at % 251));
  let folder: string;
  let path: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-local-file-'));
    path = join(folder, 'file');
    await writeFile(path, content);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    [0, 700_000],
    [300_000, 262_145],
    [699_999, 1],
    [700_000, 0],
  ])('reads from byte %i on %i bytes', async (offset, length) => {
    const file = await openLocalFile(path);
    expect(file.size).toBe(700_000);
    const bytes = Buffer.concat(await collect(await file.read(offset, length)));
    expect(bytes.equals(content.subarray(offset, offset + length))).toBe(true);
  });

  it('reads several parts at once', async () => {
    const file = await openLocalFile(path);
    const parts = await Promise.all([0, 350_000].map(async (at) => collect(await file.read(at, 350_000))));
    expect(Buffer.concat(parts.flat()).equals(content)).toBe(true);
  });

  it('fails rather than end early when the file became shorter', async () => {
    const shrinking = join(folder, 'shrinking');
    await writeFile(shrinking, content);
    const file = await openLocalFile(shrinking);
    await truncate(shrinking, 100);
    const reading = file.read(0, 700_000).then(collect);
    await expect(reading).rejects.toMatchObject({ code: 'E_ARCHIVE_INCOMPLETE' });
  });

  it.runIf(process.platform === 'linux')('is open only while it is read', async () => {
    const open = async () => {
      const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`));
      return (await Promise.allSettled(links)).filter(
        (link) => link.status === 'fulfilled' && link.value === path,
      );
    };
    const file = await openLocalFile(path);
    expect(await open()).toHaveLength(0);
    for await (const _ of await file.read(0, 700_000)) {
      expect(await open()).toHaveLength(1);
      break;
    }
    expect(await open()).toHaveLength(0);
  });

  it('is not taken for another file that came into its place, or for none', async () => {
    const replaced = join(folder, 'replaced');
    await writeFile(replaced, content);
    const file = await openLocalFile(replaced);
    const failure = { code: 'E_ARCHIVE_INCOMPLETE', message: expect.stringContaining('replaced while') };
    await writeFile(join(folder, 'new'), content);
    await rename(join(folder, 'new'), replaced);
    await expect(file.read(0, 10).then(collect)).rejects.toMatchObject(failure);
    await rm(replaced);
    await expect(file.read(0, 10).then(collect)).rejects.toMatchObject(failure);
  });

  it('stops when aborted', async () => {
    const file = await openLocalFile(path);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(file.read(0, 10, { signal }).then(collect)).rejects.toThrow('enough');
  });

  it('says that there is no such file, or that it is none', async () => {
    await expect(openLocalFile(join(folder, 'absent'))).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await expect(openLocalFile(folder)).rejects.toMatchObject({ code: 'E_ARCHIVE_FORMAT' });
  });
});
