import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSecretReader } from '../../../shared/config/index.ts';
import { temporaryFolder } from '../../helpers/test-registry.ts';

const IDENTIFIER = 'https://acme.vault.azure.net/secrets/key';

function readerOf(env: Readonly<Record<string, string>> = {}) {
  const asked: unknown[] = [];
  const vault = {
    readSecret: async (...call: unknown[]) => {
      asked.push(call);
      return 'from the vault';
    },
  };
  return { reader: createSecretReader({ env, vault }), asked };
}

describe('a secret', () => {
  it('is read from the environment, a file, or a vault as the identity that is named', async () => {
    const file = join(await temporaryFolder(), 'key');
    await writeFile(file, 'from the file');
    const { reader, asked } = readerOf({ KEY: 'from the environment' });
    expect(await reader.read({ env: 'KEY' })).toBe('from the environment');
    expect(await reader.read({ file })).toBe('from the file');
    const { signal } = new AbortController();
    expect(await reader.read({ keyVaultSecret: IDENTIFIER }, { clientId: 'id', signal })).toBe(
      'from the vault',
    );
    expect(asked).toEqual([[IDENTIFIER, { clientId: 'id', signal }]]);
  });

  it('that is missing is a problem of the configuration, at the place that refers to it', async () => {
    const { reader } = readerOf({ KEY: '' });
    const code = 'E_CONFIG';
    await expect(reader.read({ env: 'KEY' })).rejects.toMatchObject({
      code,
      problems: [{ where: 'env:KEY', message: expect.stringContaining('is not set, or empty') }],
    });
    await expect(reader.read({ env: 'KEY' }, { where: 'webhooks.hub.secret' })).rejects.toMatchObject({
      problems: [{ where: 'webhooks.hub.secret' }],
    });
    await expect(reader.read({ file: '/absent/key' })).rejects.toMatchObject({
      code,
      problems: [{ where: '/absent/key', message: 'there is no such file' }],
    });
  });

  it('is not a file of more than a key or a token has', async () => {
    const file = join(await temporaryFolder(), 'key');
    await writeFile(file, 'x'.repeat(64 * 1024 + 1));
    await expect(readerOf().reader.read({ file })).rejects.toMatchObject({
      code: 'E_CONFIG',
      problems: [{ message: 'is larger than 65536 bytes' }],
    });
  });
});
