import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import { RegistryError } from '../../../../shared/errors.ts';
import { entraScopesFor, isAzureTokenServer } from '../../../../shared/registry/auth/azure.ts';
import { RegistryAuth } from '../../../../shared/registry/auth/index.ts';
import { createConnections, DEFAULT_LIMITS } from '../../../../shared/registry/http/index.ts';
import type { CredentialSource, Credentials } from '../../../../shared/registry/index.ts';
import {
  type AzureRegistry,
  entraJwtFor,
  entraTokenFor,
  startAzureRegistry,
} from '../../../helpers/azure-registry.ts';
import { collect } from '../../../helpers/collect.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
import { FakeTiming, failureOf, testClient, testRepository } from '../client-under-test.ts';

const ACR_SCOPE = 'https://containerregistry.azure.net/.default';
const ARM_SCOPE = 'https://management.azure.com/.default';

const always = (credentials: Credentials): CredentialSource => ({ credentialsFor: async () => credentials });

/** An identity that gets a token for every scope, and the scopes it was asked for. */
function identity(refuse?: (scope: string) => unknown) {
  const scopes: string[] = [];
  const credentials = always({
    kind: 'entra',
    token: async (scope) => {
      scopes.push(scope);
      const failure = refuse?.(scope);
      if (failure) throw failure;
      return entraTokenFor(scope);
    },
  });
  return { scopes, credentials };
}

const formsOf = ({ server }: AzureRegistry, path: string) =>
  server.requests
    .filter((request) => request.method === 'POST' && request.path === path)
    .map(({ body }) => Object.fromEntries(new URLSearchParams(body.toString())));

describe('an Entra identity', () => {
  it('is exchanged once, and the refresh token redeemed for each scope', async () => {
    const registry = await startAzureRegistry();
    const client = testClient({ credentials: identity().credentials });
    const repositories = ['base/node', 'base/python'].map((repository) =>
      client.repository({ registry: registry.server.host, repository }),
    );
    await Promise.all(
      repositories.flatMap((repository) => [repository.resolve('1'), repository.resolve('2')]),
    );
    expect(formsOf(registry, '/oauth2/exchange')).toEqual([
      {
        grant_type: 'access_token',
        service: registry.server.host,
        access_token: entraTokenFor(ACR_SCOPE),
      },
    ]);
    const forms = formsOf(registry, '/oauth2/token');
    expect(forms.map(({ scope }) => scope).sort()).toEqual([
      'repository:base/node:pull',
      'repository:base/python:pull',
    ]);
    expect(forms[0]).toMatchObject({ grant_type: 'refresh_token', service: registry.server.host });
  });

  it('is exchanged once for callers that are refused together, whether they may be aborted or not', async () => {
    const registry = await startAzureRegistry();
    const origin = new URL(registry.server.url);
    const connections = createConnections(DEFAULT_LIMITS);
    onTestFinished(() => connections.close());
    const auth = new RegistryAuth({
      registry: { name: registry.server.host, origin },
      reach: 'private',
      credentials: () => identity().credentials.credentialsFor(registry.server.host),
      send: (request) => connections.send(request),
      timing: new FakeTiming(),
    });
    const params = new Map([['realm', `${registry.server.url}/oauth2/token`]]);
    const needs = [{ repository: 'base/node', access: 'pull' }] as const;
    const refused = (signal?: AbortSignal) =>
      auth.answer([{ scheme: 'bearer', params }], needs, undefined, signal);
    const { signal } = new AbortController();
    const headers = await Promise.all([refused(signal), refused(), refused(signal)]);
    expect(new Set(headers).size).toBe(1);
    expect(registry.server.log).toEqual(['POST /oauth2/exchange', 'POST /oauth2/token']);
  });

  it('is shown for the resource manager where the audience of registries is not taken, and remembered so', async () => {
    const registry = await startAzureRegistry({ audience: 'https://management.azure.com' });
    const { scopes, credentials } = identity();
    const timing = new FakeTiming();
    const repository = testRepository(registry.server, { credentials, timing });
    await repository.resolve('v1');
    timing.pass(4 * 60 * 60_000);
    await repository.resolve('v1');
    expect(scopes).toEqual([ACR_SCOPE, ARM_SCOPE, ARM_SCOPE]);
  });

  it('is shown for the resource manager where Entra does not know the audience of registries', async () => {
    const registry = await startAzureRegistry({ audience: 'https://management.azure.com' });
    const { credentials } = identity((scope) => scope === ACR_SCOPE && new RegistryError('E_DENIED', 'no'));
    expect(await testRepository(registry.server, { credentials }).resolve('v1')).toMatchObject({
      digest: digestOf('{}'),
    });
  });

  it('that neither audience helps is E_DENIED, without its token', async () => {
    const registry = await startAzureRegistry({ audience: 'https://example.com' });
    const { credentials } = identity();
    const error = await failureOf(testRepository(registry.server, { credentials }).resolve('v1'));
    expect(error).toMatchObject({ code: 'E_DENIED', message: expect.stringContaining('UNAUTHORIZED') });
  });

  it('that there is none fails with the reason of the identity', async () => {
    const registry = await startAzureRegistry();
    const { credentials } = identity(() => new RegistryError('E_UNAVAILABLE', 'no identity at hand'));
    const error = await failureOf(testRepository(registry.server, { credentials }).resolve('v1'));
    expect(error).toMatchObject({
      code: 'E_UNAVAILABLE',
      message: expect.stringContaining('no identity at'),
    });
  });

  it('is exchanged anew when the refresh token is no longer taken', async () => {
    const registry = await startAzureRegistry();
    const repository = testRepository(registry.server, { credentials: identity().credentials });
    await repository.resolve('v1');
    registry.revokeRefreshTokens();
    registry.revokeAccessTokens();
    expect(await repository.resolve('v1')).toMatchObject({ digest: digestOf('{}') });
    expect(formsOf(registry, '/oauth2/exchange')).toHaveLength(2);
  });

  it('is not shown to a registry that has its tokens elsewhere', async () => {
    const elsewhere = await scriptedServer(() => ({ body: { token: 't', refresh_token: 'r' } }));
    const server = await scriptedServer(() => ({
      status: 401,
      headers: { 'www-authenticate': `Bearer realm="${elsewhere.url}/oauth2/token",service="s"` },
    }));
    const { credentials, scopes } = identity();
    const error = await failureOf(testRepository(server, { credentials }).resolve('v1'));
    expect(error).toMatchObject({ code: 'E_DENIED', message: expect.stringContaining('credentials for it') });
    expect([scopes, elsewhere.log]).toEqual([[], []]);
  });

  it('is no answer to a registry that wants Basic', async () => {
    const headers = { 'www-authenticate': 'Basic realm="r"' };
    const server = await scriptedServer(() => ({ status: 401, headers }));
    const { credentials } = identity();
    expect(await failureOf(testRepository(server, { credentials }).resolve('v1'))).toMatchObject({
      code: 'E_DENIED',
      message: expect.stringContaining('asks for a user name and password'),
    });
  });
});

describe('a registry of Azure', () => {
  it.each([
    ['the admin user', 'myregistry'],
    ['a service principal', 'c4a5e1f8-8a3d-4c1e-9d7b-1f2e3d4c5b6a'],
    ['a repository token', 'pull-base-images'],
  ])('gives %s tokens for Basic', async (_, username) => {
    const { server } = await startAzureRegistry({ logins: { [username]: 'pa:ss' } });
    const credentials = always({ kind: 'password', username, password: 'pa:ss' });
    expect(await testRepository(server, { credentials }).resolve('v1')).toMatchObject({
      digest: digestOf('{}'),
    });
    expect(server.log).toEqual([
      'HEAD /v2/acme/app/manifests/v1',
      'GET /oauth2/token',
      'HEAD /v2/acme/app/manifests/v1',
    ]);
  });

  it('takes a token of its own without user name', async () => {
    const { server, refreshToken } = await startAzureRegistry();
    const credentials = always({ kind: 'token', token: refreshToken });
    expect(await testRepository(server, { credentials }).resolve('v1')).toMatchObject({
      digest: digestOf('{}'),
    });
    const login = Buffer.from(`00000000-0000-0000-0000-000000000000:${refreshToken}`).toString('base64');
    expect(server.requests[1]?.headers.authorization).toBe(`Basic ${login}`);
  });

  it('takes an access token of Entra without user name, by its exchange', async () => {
    const audience = 'https://management.azure.com';
    const registry = await startAzureRegistry({ audience });
    const credentials = always({ kind: 'token', token: entraJwtFor(audience) });
    const repository = testRepository(registry.server, { credentials });
    expect(await repository.resolve('v1')).toMatchObject({ digest: digestOf('{}') });
    expect(await collect(repository.tags())).toEqual(['v1']);
    expect(formsOf(registry, '/oauth2/exchange')).toEqual([
      { grant_type: 'access_token', service: registry.server.host, access_token: entraJwtFor(audience) },
    ]);
    expect(registry.server.requests.some(({ headers }) => headers.authorization?.startsWith('Basic'))).toBe(
      false,
    );
  });

  it('that refuses an access token of Entra is asked once', async () => {
    const registry = await startAzureRegistry();
    const token = entraJwtFor('https://vault.azure.net');
    const repository = testRepository(registry.server, { credentials: always({ kind: 'token', token }) });
    const error = await failureOf(repository.resolve('v1'));
    expect(error).toMatchObject({ code: 'E_DENIED' });
    expect(JSON.stringify(error) + error.stack).not.toContain(token);
    expect(formsOf(registry, '/oauth2/exchange')).toHaveLength(1);
  });

  it('is listed with metadata_read from the first request on', async () => {
    const { server } = await startAzureRegistry({ logins: { jane: 'pw' } });
    const credentials = always({ kind: 'password', username: 'jane', password: 'pw' });
    const repository = testRepository(server, { credentials });
    await repository.resolve('v1');
    expect(await collect(repository.tags())).toEqual(['v1']);
    expect(server.log.slice(3)).toEqual(['GET /oauth2/token', 'GET /v2/acme/app/tags/list']);
    expect(server.requests.at(-2)?.query.get('scope')).toBe('repository:acme/app:pull,metadata_read');
  });

  it('that lets everybody pull is pulled from and listed anonymously', async () => {
    const { server } = await startAzureRegistry({ anonymousPull: true });
    const repository = testRepository(server);
    expect(await repository.resolve('v1')).toMatchObject({ digest: digestOf('{}') });
    expect(await collect(repository.tags())).toEqual(['v1']);
    expect(server.requests.every(({ headers }) => !headers.authorization?.startsWith('Basic'))).toBe(true);
  });

  it('has its tokens renewed before the end that they tell themselves', async () => {
    const timing = new FakeTiming();
    const { server } = await startAzureRegistry({ logins: { jane: 'pw' }, lifeS: 600, now: timing.now });
    const credentials = always({ kind: 'password', username: 'jane', password: 'pw' });
    const repository = testRepository(server, { credentials, timing });
    const tokens = () => server.log.filter((line) => line === 'GET /oauth2/token').length;
    await repository.resolve('v1');
    timing.pass(560_000);
    await repository.resolve('v1');
    expect(tokens()).toBe(1);
    timing.pass(15_000);
    await repository.resolve('v1');
    expect(tokens()).toBe(2);
  });

  it('that ends all tokens in the middle costs one renewal, however many requests are under way', async () => {
    const registry = await startAzureRegistry();
    const repository = testRepository(registry.server, { credentials: identity().credentials });
    await repository.resolve('v0');
    registry.revokeAccessTokens();
    const found = await Promise.all(['v1', 'v2', 'v3', 'v4'].map((tag) => repository.resolve(tag)));
    expect(found.every(Boolean)).toBe(true);
    expect(formsOf(registry, '/oauth2/token')).toHaveLength(2);
  });
});

describe('the scopes of an Entra token', () => {
  it.each([
    ['https://acme.azurecr.io', 'https://management.azure.com'],
    ['https://acme.azurecr.cn', 'https://management.chinacloudapi.cn'],
    ['https://acme.azurecr.us', 'https://management.usgovcloudapi.net'],
    ['https://azurecr.us.example.com', 'https://management.azure.com'],
  ])('for %s are those of registries, then of %s', (registry, manager) => {
    expect(entraScopesFor(new URL(registry))).toEqual([ACR_SCOPE, `${manager}/.default`]);
  });
});

it.each([
  ['https://acme.azurecr.io/oauth2/token', true],
  ['https://acme.azurecr.io/token', false],
  ['https://other.azurecr.io/oauth2/token', false],
  ['https://acme.azurecr.io:8443/oauth2/token', false],
  ['http://acme.azurecr.io/oauth2/token', false],
])('%s being the token server of acme.azurecr.io as Azure has it: %s', (realm, expected) => {
  expect(isAzureTokenServer(new URL(realm), new URL('https://acme.azurecr.io'))).toBe(expected);
});
