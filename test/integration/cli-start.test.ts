import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCliProcess } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/test-registry.ts';

const CACHE = { darwin: 'Library/Caches' }[process.platform as string] ?? '.cache';

test('what was compiled is kept for the next start where only this user can write', async () => {
  const home = await temporaryFolder();
  const environment = { HOME: home };
  const first = await runCliProcess(['--help'], { environment });
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  const folder = join(home, CACHE, 'longshore', 'compile-cache');
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  const [version = ''] = await readdir(folder);
  expect(await readdir(join(folder, version))).not.toEqual([]);
  expect(await runCliProcess(['--help'], { environment })).toEqual(first);
});

test('a home that cannot be written to is no obstacle', async () => {
  const result = await runCliProcess(['--help'], { environment: { HOME: process.execPath } });
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
});
