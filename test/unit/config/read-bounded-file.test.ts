import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readBoundedFile } from '../../../shared/config/read-bounded-file.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { temporaryFolder } from '../../helpers/test-registry.ts';

describe('a bounded file', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    file = path.join(folder, 'file');
  });

  it('is read up to its bound', async () => {
    await writeFile(file, 'äöü');
    expect(await readBoundedFile(file, { maxBytes: 6 })).toBe('äöü');
    await expect(readBoundedFile(file, { maxBytes: 5 })).rejects.toMatchObject({
      code: 'E_CONFIG',
      problems: [{ where: file, message: 'is larger than 5 bytes' }],
    });
  });

  it('is nothing when it is absent', async () => {
    expect(await readBoundedFile(file, { maxBytes: 6 })).toBeUndefined();
    await writeFile(file, '');
    expect(await readBoundedFile(path.join(file, 'below'), { maxBytes: 6 })).toBeUndefined();
    expect(await readBoundedFile(file, { maxBytes: 6 })).toBe('');
  });

  it('may be a pipe only where that is said', async () => {
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', file]);
    const written = () => writeFile(file, 'secret');
    const [text] = await Promise.all([readBoundedFile(file, { maxBytes: 6, acceptsPipe: true }), written()]);
    expect(text).toBe('secret');
    const reading = readBoundedFile(file, { maxBytes: 6 });
    await Promise.allSettled([reading, written()]);
    await expect(reading).rejects.toMatchObject({
      code: 'E_CONFIG',
      problems: [{ message: 'is not a file' }],
    });
  });

  it('is bounded where the file system does not know its size', async () => {
    await expect(readBoundedFile('/dev/zero', { maxBytes: 100, acceptsPipe: true })).rejects.toMatchObject({
      code: 'E_CONFIG',
      problems: [{ message: 'is larger than 100 bytes' }],
    });
  });

  it('is no folder, and the caller may word the problem', async () => {
    await mkdir(file);
    const problem = (message: string) => new ConfigError([{ where: 'a setting', message }]);
    for (const acceptsPipe of [true, false]) {
      await expect(readBoundedFile(file, { maxBytes: 6, acceptsPipe, problem })).rejects.toMatchObject({
        code: 'E_CONFIG',
        problems: [{ where: 'a setting', message: 'is not a file' }],
      });
    }
  });
});
