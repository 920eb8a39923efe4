import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseConfig } from '../../../shared/config/index.ts';
import { configJsonSchemaText } from '../../../shared/config/json-schema.ts';
import { ConfigError } from '../../../shared/errors.ts';

const FILE = 'longshore.yaml';
const ENV = { TOKEN: 'x' };
const VAULT = 'https://acme.vault.azure.net/secrets/hub';

function problemsOf(registries: object, env: Record<string, string> = ENV): string[] {
  try {
    parseConfig(JSON.stringify({ registries }), FILE, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

const editorSchema = z.fromJSONSchema(JSON.parse(configJsonSchemaText()));

describe('how to log in to a registry', () => {
  it.each([
    [{ credentials: { username: 'u', password: { env: 'TOKEN' } } }],
    [{ credentials: { username: 'robot$acme', password: { keyVaultSecret: VAULT } } }],
    [
      {
        credentials: {
          username: 'u',
          password: { keyVaultSecret: `${VAULT}/0123456789abcdef0123456789abcdef` },
        },
      },
    ],
    [{ credentials: { token: { env: 'TOKEN' } } }],
    [{ credentials: { token: { keyVaultSecret: 'https://a-b1.vault.azure.cn/secrets/n' } } }],
    [{ credentials: { token: { keyVaultSecret: 'https://gov.vault.usgovcloudapi.net/secrets/n' } } }],
    [{ identity: 'managed', private: true }],
    [{ identity: { clientId: '9f2d5b1e-3c4a-4d6f-8e7b-0a1b2c3d4e5f' } }],
  ])('may be %j', (registry) => {
    expect(problemsOf({ 'acme.azurecr.io': registry })).toEqual([]);
    expect(editorSchema.safeParse({ registries: { 'acme.azurecr.io': registry } }).error).toBeUndefined();
  });

  const at = 'registries.acme.azurecr.io';
  it.each([
    [
      { credentials: {} },
      [`${at}.credentials.username: is missing`, `${at}.credentials.password: is missing`],
    ],
    [{ credentials: { username: 'u' } }, [`${at}.credentials.password: is missing; expected { env: NAME }`]],
    [
      { credentials: { username: 'u', token: { env: 'TOKEN' } } },
      [`${at}.credentials: expected either token, or username and password`],
    ],
    [
      { credentials: { tokn: { env: 'TOKEN' } } },
      [`${at}.credentials`, `${at}.credentials`, 'did you mean "token"'],
    ],
    [
      { credentials: { token: { env: 'TOKEN', keyVaultSecret: VAULT } } },
      [`${at}.credentials.token: expected either env or keyVaultSecret`],
    ],
    [{ credentials: { token: {} } }, [`${at}.credentials.token: expected either env or keyVaultSecret`]],
    [{ credentials: { token: { env: 'NOPE' } } }, ['the environment variable NOPE is not set, or empty']],
    [
      { credentials: { token: { env: 'TOKEN' } }, identity: 'managed' },
      [`${at}: expected either credentials or identity`],
    ],
    [{ identity: 'unmanaged' }, [`${at}.identity: expected "managed" or { clientId: ID }`]],
    [{ identity: { clientId: 'me' } }, [`${at}.identity.clientId: expected the client ID`]],
  ])('is not %j', (registry, expected) => {
    const problems = problemsOf({ 'acme.azurecr.io': registry });
    expect(problems).toHaveLength(expected.length);
    for (const problem of expected) expect(problems.join('\n')).toContain(problem);
  });

  it.each([
    ['acme.azurecr.io', true],
    ['acme.azurecr.cn', true],
    ['acme.azurecr.us', true],
    ['azurecr.io.evil.com', false],
    ['acme.azurecr.io:8443', false],
    ['ghcr.io', false],
  ])('is an identity at %s: %s', (host, isAllowed) => {
    const problems = problemsOf({ [host]: { identity: 'managed' } });
    expect(problems).toEqual(
      isAllowed ? [] : [expect.stringContaining(`${host}.identity: only registries of Azure`)],
    );
  });

  it.each([
    'http://acme.vault.azure.net/secrets/n',
    'https://acme.vault.azure.net.evil.com/secrets/n',
    'https://evil.com/acme.vault.azure.net/secrets/n',
    'https://evil.com#.vault.azure.net/secrets/n',
    'https://u:p@acme.vault.azure.net/secrets/n',
    'https://acme.vault.azure.net:8443/secrets/n',
    'https://acme.vault.azure.net/keys/n',
    'https://acme.vault.azure.net/secrets/n?x=1',
    'https://acme.vault.azure.net/secrets/n/../../m',
    'https://x.y.vault.azure.net/secrets/n',
    'https://ab.vault.azure.net/secrets/n',
    'hunter2',
  ])('has no secret at %s, which is not quoted either', (keyVaultSecret) => {
    const problems = problemsOf({ 'a.io': { credentials: { token: { keyVaultSecret } } } });
    expect(problems).toEqual([
      expect.stringContaining('token.keyVaultSecret: expected the identifier of a secret'),
    ]);
    expect(problems.join()).not.toContain(keyVaultSecret);
  });
});
