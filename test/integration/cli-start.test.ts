import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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

const ROOT = new URL('../../', import.meta.url);

/** Names every module on stderr before it is loaded. */
const NAME_MODULES = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) { console.error(url); return next(url, context); } });
`)}`;

/** The project's own modules that a command line loads. */
async function loadedSources(args: readonly string[]): Promise<readonly string[]> {
  const main = fileURLToPath(new URL('cli/main.ts', ROOT));
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', NAME_MODULES, main, ...args], {
    env: { PATH: process.env.PATH },
    timeout: 60_000,
  });
  return stderr
    .split('\n')
    .filter((url) => url.startsWith(ROOT.href) && !url.includes('/node_modules/'))
    .map((url) => url.slice(ROOT.href.length));
}

test.each([[[]], [['--help']], [['help']], [['--version']]])('%j loads no command', async (args) => {
  const loaded = await loadedSources(args);
  expect(loaded).toContain('cli/program.ts');
  expect(loaded.filter((file) => /^cli\/commands|^shared\/(?!errors\.ts$)/.test(file))).toEqual([]);
});

test('the help of a command loads that command and no other', async () => {
  const loaded = await loadedSources(['import', '--help']);
  expect(loaded.filter((file) => file.startsWith('cli/commands/'))).toEqual(['cli/commands/import.ts']);
});
