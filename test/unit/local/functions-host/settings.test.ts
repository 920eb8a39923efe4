import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  expandSettings,
  readHostJson,
  readLocalSettings,
} from '../../../../local/functions-host/settings.ts';

async function folderWith(file: string, content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'functions-host-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, file), content);
  return folder;
}

describe('expandSettings', () => {
  test('puts settings in place of their names', () => {
    expect(expandSettings('%A%/x-%B%', { A: 'one', B: '%two%' })).toBe('one/x-%two%');
  });

  test('refuses a setting that is not there', () => {
    expect(() => expandSettings('%NONE%/x', {})).toThrow(
      '"%NONE%/x" names the setting NONE, which is not set',
    );
  });
});

describe('readHostJson', () => {
  test('fills in what Azure takes when nothing is said', async () => {
    const folder = await folderWith('host.json', '{"version":"2.0"}');
    expect(await readHostJson(folder)).toEqual({
      version: '2.0',
      functionTimeout: 1_800_000,
      extensions: {
        http: { routePrefix: 'api', maxRequestBodySize: 104_857_600 },
        serviceBus: {
          autoCompleteMessages: true,
          maxConcurrentCalls: 16,
          maxAutoLockRenewalDuration: 300_000,
        },
        blobs: { maxDegreeOfParallelism: 8, poisonBlobThreshold: 5 },
      },
    });
  });

  test('reads durations, no limit, and leaves alone what it does not carry out', async () => {
    const folder = await folderWith(
      'host.json',
      '{"version":"2.0","functionTimeout":"-1","logging":{},"extensions":{"serviceBus":{"maxAutoLockRenewalDuration":"00:10:00"},"other":{}}}',
    );
    const hostJson = await readHostJson(folder);
    expect(hostJson.functionTimeout).toBe(Number.POSITIVE_INFINITY);
    expect(hostJson.extensions.serviceBus.maxAutoLockRenewalDuration).toBe(600_000);
  });

  test.each([
    ['{"version":"1.0"}', /version/],
    ['{"version":"2.0","functionTimeout":"soon"}', /functionTimeout/],
    ['{', /cannot be read/],
  ])('refuses %s', async (content, message) => {
    await expect(readHostJson(await folderWith('host.json', content))).rejects.toThrow(message);
  });

  test('refuses a folder without one', async () => {
    await expect(readHostJson(await folderWith('other.json', ''))).rejects.toThrow(
      /host\.json cannot be read/,
    );
  });
});

describe('readLocalSettings', () => {
  test('gives the values', async () => {
    const folder = await folderWith('local.settings.json', '{"IsEncrypted":false,"Values":{"A":"1"}}');
    expect(await readLocalSettings(join(folder, 'local.settings.json'))).toEqual({ A: '1' });
  });

  test('refuses an encrypted file', async () => {
    const folder = await folderWith('local.settings.json', '{"IsEncrypted":true,"Values":{"A":"1"}}');
    await expect(readLocalSettings(join(folder, 'local.settings.json'))).rejects.toThrow(/IsEncrypted/);
  });
});
