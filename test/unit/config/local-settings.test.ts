import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { withLocalSettings } from '../../../shared/config/index.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { temporaryFolder } from '../../helpers/test-registry.ts';

async function folderWith(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, '.longshore'));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

describe('withLocalSettings', () => {
  it('leaves the environment as it is where there is no file', async () => {
    const env = { A: 'mine' };
    expect(await withLocalSettings(env, await temporaryFolder())).toEqual(env);
  });

  it('adds what the environment lacks', async () => {
    const folder = await folderWith({ 'local.settings.json': { Values: { A: 'file', B: 'file' } } });
    expect(await withLocalSettings({ A: 'mine' }, folder)).toEqual({ A: 'mine', B: 'file' });
  });

  it('takes the file of a stack that runs here, unless there is one of the Functions tools', async () => {
    const stack = { '.longshore/local.settings.json': { IsEncrypted: false, Values: { A: 'stack' } } };
    expect(await withLocalSettings({}, await folderWith(stack))).toEqual({ A: 'stack' });
    const both = { ...stack, 'local.settings.json': { Values: { B: 'tools' } } };
    expect(await withLocalSettings({}, await folderWith(both))).toEqual({ B: 'tools' });
  });

  it('reads what the Functions tools read: numbers, booleans, a byte order mark, no values', async () => {
    const text = '\uFEFF{ "Values": { "PORT": 7071, "TRACE": true } }';
    expect(await withLocalSettings({}, await folderWith({ 'local.settings.json': text }))).toEqual({
      PORT: '7071',
      TRACE: 'true',
    });
    expect(await withLocalSettings({}, await folderWith({ 'local.settings.json': '{}' }))).toEqual({});
  });

  it.each([
    ['broken JSON', '{ "Values": { "Key": hunter2 } }'],
    ['nothing', ''],
    ['a list', '["hunter2"]'],
    ['an encrypted file', '{ "IsEncrypted": true, "Values": { "Key": "hunter2" } }'],
    ['a value within a value', '{ "Values": { "Key": { "secret": "hunter2" } } }'],
  ])('refuses %s without quoting it', async (_, text) => {
    const folder = await folderWith({ 'local.settings.json': text });
    const error: unknown = await withLocalSettings({}, folder).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ problems: [{ where: 'local.settings.json' }] });
    expect(inspect(error)).not.toContain('hunter2');
  });

  it('does not take a file it cannot read for none', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'local.settings.json'));
    await expect(withLocalSettings({}, folder)).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('local.settings.json: is not a file'),
    });
  });
});
