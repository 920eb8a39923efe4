import { describe, expect, it } from 'vitest';
import { configuredCredentials, firstOf, parseConfig } from '../../../shared/config/index.ts';
import { ConfigError } from '../../../shared/errors.ts';
import type { Credentials } from '../../../shared/registry/index.ts';

const FILE = 'longshore.yaml';
const CLIENT_ID = '9f2d5b1e-3c4a-4d6f-8e7b-0a1b2c3d4e5f';

const text = `registries:
  ghcr.io: { credentials: { username: acme, password: { env: TOKEN } } }
  docker.io:
    credentials:
      username: acme
      password: { keyVaultSecret: "https://acme.vault.azure.net/secrets/hub" }
  token.azurecr.io: { credentials: { token: { env: ACR_TOKEN } } }
  acme.azurecr.io: { identity: managed }
  acme.azurecr.us: { identity: { clientId: ${CLIENT_ID} } }
  quay.io: {}`;

type Supplies = Parameters<typeof configuredCredentials>[1];

const nowhere: Pick<Supplies, 'vault' | 'entra'> = {
  vault: { readSecret: () => Promise.reject(new Error('no vault')) },
  entra: { token: () => Promise.reject(new Error('no identity')) },
};

function sourceOf(env: Record<string, string>, supplies: Partial<Supplies> = {}) {
  return configuredCredentials(parseConfig(text, FILE, { TOKEN: 'x', ACR_TOKEN: 'y' }), {
    ...nowhere,
    ...supplies,
    env,
  });
}

describe('configured credentials', () => {
  it('are looked up for the registry they are configured for, when they are asked for', async () => {
    const env: Record<string, string> = { TOKEN: 'first', ACR_TOKEN: 'other' };
    const source = sourceOf(env);
    env.TOKEN = 'second';
    expect(await source.credentialsFor('ghcr.io')).toEqual({
      kind: 'password',
      username: 'acme',
      password: 'second',
    });
    expect(await source.credentialsFor('token.azurecr.io')).toEqual({ kind: 'token', token: 'other' });
    expect(await source.credentialsFor('quay.io')).toBeUndefined();
    expect(await source.credentialsFor('evil.io')).toBeUndefined();
  });

  it.each(['ghcr.io', 'token.azurecr.io'])(
    'of %s that went missing are an error, never anonymous access',
    async (host) => {
      await expect(sourceOf({}).credentialsFor(host)).rejects.toThrow(ConfigError);
    },
  );

  it('come from the vault with the signal of who asks', async () => {
    const { signal } = new AbortController();
    const asked: unknown[] = [];
    const vault = {
      readSecret: async (...call: unknown[]) => {
        asked.push(call);
        return 'from the vault';
      },
    };
    expect(await sourceOf({}, { vault }).credentialsFor('docker.io', { signal })).toMatchObject({
      password: 'from the vault',
    });
    expect(asked).toEqual([['https://acme.vault.azure.net/secrets/hub', { signal }]]);
  });

  it('are an error when the vault fails, never anonymous access', async () => {
    await expect(sourceOf({}).credentialsFor('docker.io')).rejects.toThrow('no vault');
  });

  it('are an identity that gives tokens when it is asked, as the client ID that is configured', async () => {
    const asked: unknown[] = [];
    const entra = {
      token: async (scope: string, options?: object) => {
        asked.push([scope, options]);
        return 'token';
      },
    };
    const source = sourceOf({}, { entra });
    for (const host of ['acme.azurecr.io', 'acme.azurecr.us']) {
      const known = await source.credentialsFor(host);
      if (known?.kind !== 'entra') throw new Error('Expected an identity.');
      expect(await known.token('scope')).toBe('token');
    }
    expect(asked).toEqual([
      ['scope', { clientId: undefined }],
      ['scope', { clientId: CLIENT_ID }],
    ]);
  });

  it('are no part of the configuration', () => {
    const config = parseConfig(text, FILE, { TOKEN: 'hunter2', ACR_TOKEN: 'hunter2' });
    expect(JSON.stringify([...config.registries])).not.toContain('hunter2');
  });
});

describe('several sources', () => {
  const source = (known: Record<string, string>) => ({
    credentialsFor: async (registry: string): Promise<Credentials | undefined> =>
      known[registry] === undefined ? undefined : { kind: 'token', token: known[registry] },
  });

  it('are asked in order, and the first that knows a registry counts', async () => {
    const all = firstOf(source({ a: '1' }), source({ a: '2', b: '2' }));
    expect(await all.credentialsFor('a')).toMatchObject({ token: '1' });
    expect(await all.credentialsFor('b')).toMatchObject({ token: '2' });
    expect(await all.credentialsFor('c')).toBeUndefined();
  });

  it('fail with the first that fails: the next may be somebody else', async () => {
    const broken = { credentialsFor: () => Promise.reject(new Error('sealed')) };
    await expect(firstOf(broken, source({ a: '1' })).credentialsFor('a')).rejects.toThrow('sealed');
  });
});
