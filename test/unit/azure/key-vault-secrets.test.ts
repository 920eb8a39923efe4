import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createKeyVaultSecrets } from '../../../shared/azure/index.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { type FakeVault, startKeyVault } from '../../helpers/key-vault.ts';
import type { Scripted } from '../../helpers/scripted-server.ts';

const SECRET = 'https://acme.vault.azure.net/secrets/hub-password';
const TOKEN = 'entra-token-of-this-process';

function secretsIn(
  { client }: FakeVault,
  getToken = async () => ({ token: TOKEN, expiresOnTimestamp: Infinity }),
) {
  return createKeyVaultSecrets({ credential: async () => ({ getToken }), client });
}

const found = (value: string): Scripted => ({
  body: { value, id: `${SECRET}/0123`, attributes: { enabled: true } },
});

describe('a secret in Key Vault', () => {
  it('is read as the identity of this process', async () => {
    const vault = await startKeyVault(() => found('hunter2'));
    expect(await secretsIn(vault).readSecret(SECRET)).toBe('hunter2');
    expect(vault.server.log).toEqual(['GET /secrets/hub-password/', 'GET /secrets/hub-password/']);
    expect(vault.server.requests[1]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  it('is read in its pinned version', async () => {
    const vault = await startKeyVault(() => found('old'));
    expect(await secretsIn(vault).readSecret(`${SECRET}/0123456789abcdef0123456789abcdef`)).toBe('old');
    expect(vault.server.log[1]).toBe('GET /secrets/hub-password/0123456789abcdef0123456789abcdef');
  });

  it('is read anew each time, with one challenge for each vault', async () => {
    const values = ['first', 'second'];
    const vault = await startKeyVault(() => found(values.shift() ?? ''));
    const secrets = secretsIn(vault);
    expect([await secrets.readSecret(SECRET), await secrets.readSecret(SECRET)]).toEqual(['first', 'second']);
    expect(vault.server.requests).toHaveLength(3);
  });

  it.each<[string, Scripted, string]>([
    [
      'is not there',
      { status: 404, body: { error: { code: 'SecretNotFound', message: 'x' } } },
      'is not there',
    ],
    [
      'may not be read',
      { status: 403, body: { error: { code: 'Forbidden', message: 'x' } } },
      'Key Vault Secrets User',
    ],
    ['is empty', found(''), 'is empty'],
    ['is as long as a file', found('x'.repeat(30_000)), 'is too long'],
  ])('that %s is what the configuration got wrong', async (_, answer, how) => {
    const vault = await startKeyVault(() => answer);
    const failure = await secretsIn(vault)
      .readSecret(SECRET)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect(String(failure)).toContain(`${SECRET}: the secret ${how}`.slice(0, 60));
    expect(String(failure)).toContain(how);
  });

  it('in a vault that is down is worth another try', async () => {
    const vault = await startKeyVault(() => ({ status: 503 }));
    await expect(secretsIn(vault).readSecret(SECRET)).rejects.toMatchObject({ code: 'E_NETWORK' });
  });

  it('is given up with the reason of whoever waits', async () => {
    const controller = new AbortController();
    const vault = await startKeyVault(() => () => controller.abort(new Error('enough')));
    await expect(secretsIn(vault).readSecret(SECRET, { signal: controller.signal })).rejects.toThrow(
      'enough',
    );
  });

  it('in a vault that does not answer is not waited for longer than was said', async () => {
    const vault = await startKeyVault(() => () => {});
    const getToken = async () => ({ token: TOKEN, expiresOnTimestamp: Infinity });
    const secrets = createKeyVaultSecrets({
      credential: async () => ({ getToken }),
      client: vault.client,
      timeoutMs: 100,
    });
    await expect(secrets.readSecret(SECRET)).rejects.toMatchObject({
      code: 'E_TIMEOUT',
      message: 'The vault https://acme.vault.azure.net did not answer within 0.1 s.',
    });
  });

  it('without an identity says so', async () => {
    const vault = await startKeyVault(() => found('hunter2'));
    const unavailable = Object.assign(new Error('tried everything'), { name: 'CredentialUnavailableError' });
    const secrets = secretsIn(vault, () => Promise.reject(unavailable));
    await expect(secrets.readSecret(SECRET)).rejects.toMatchObject({
      code: 'E_UNAVAILABLE',
      message: expect.stringContaining('no Microsoft Entra identity'),
    });
  });

  it.each([401, 403, 404, 418, 500])(
    'leaves neither its token nor an echo in the error for a %d',
    async (status) => {
      const vault = await startKeyVault(() => ({
        status,
        body: { error: { code: 'X', message: `${TOKEN} hunter2` } },
      }));
      const failure = await secretsIn(vault)
        .readSecret(SECRET)
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(inspect(failure, { depth: 20, showHidden: true })).not.toMatch(/entra-token|hunter2/);
    },
  );
});
