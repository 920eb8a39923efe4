import { execFile } from 'node:child_process';
import { copyFile, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { recordInputs } from '../../build/record-inputs.ts';
import { temporaryFolder } from '../helpers/test-registry.ts';

const LAUNCHER = fileURLToPath(new URL('../../cli/longshore.mjs', import.meta.url));
const SOURCES = ['cli/main.ts', 'shared/errors.ts'];
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000);

/** A checkout whose program says which form of it runs. */
async function checkout(): Promise<string> {
  const root = await temporaryFolder();
  for (const folder of ['cli', 'shared', 'dist/cli']) await mkdir(join(root, folder), { recursive: true });
  await copyFile(LAUNCHER, join(root, 'cli/longshore.mjs'));
  await writeFile(join(root, 'cli/main.ts'), "console.log('sources', ...process.argv.slice(2));");
  await writeFile(join(root, 'shared/errors.ts'), '');
  for (const file of SOURCES) await utimes(join(root, file), AN_HOUR_AGO, AN_HOUR_AGO);
  return root;
}

async function build(root: string, { sinceMs = Date.now() } = {}): Promise<void> {
  await writeFile(join(root, 'dist/cli/longshore.mjs'), "console.log('built', ...process.argv.slice(2));");
  await recordInputs(root, SOURCES, sinceMs, join(root, 'dist/cli/inputs.json'));
}

async function runs(root: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'cli/longshore.mjs'), 'plan']);
  return stdout.trim();
}

test('a checkout that was never built runs its sources', async () => {
  expect(await runs(await checkout())).toBe('sources plan');
});

test('a checkout that was built runs what was built, until a source changes', async () => {
  const root = await checkout();
  await build(root);
  expect(await runs(root)).toBe('built plan');
  const file = join(root, 'shared/errors.ts');
  await writeFile(file, 'export {};');
  await utimes(file, AN_HOUR_AGO, AN_HOUR_AGO);
  expect(await runs(root), 'a change of size').toBe('sources plan');
  await build(root);
  expect(await runs(root)).toBe('built plan');
  // An older version of the file, put back.
  await utimes(file, new Date(0), new Date(0));
  expect(await runs(root), 'a change of time').toBe('sources plan');
});

test('a checkout that lacks a source since, or whose record is damaged, runs its sources', async () => {
  const root = await checkout();
  await build(root);
  await rm(join(root, 'shared/errors.ts'));
  expect(await runs(root)).toBe('sources plan');
  await writeFile(join(root, 'shared/errors.ts'), '');
  await build(root);
  await writeFile(join(root, 'dist/cli/inputs.json'), '{');
  expect(await runs(root)).toBe('sources plan');
});

test('a build is not taken for current when a source was edited while it ran', async () => {
  const root = await checkout();
  await build(root, { sinceMs: AN_HOUR_AGO.getTime() - 1000 });
  expect(await runs(root)).toBe('sources plan');
});
