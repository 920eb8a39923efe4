import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import { RegistryAuth } from '../../../../shared/registry/auth/index.ts';
import { createConnections, DEFAULT_LIMITS } from '../../../../shared/registry/http/index.ts';
import type { CredentialSource, Credentials } from '../../../../shared/registry/index.ts';
import { entraTokenFor, startAzureRegistry } from '../../../helpers/azure-registry.ts';
import { collect } from '../../../helpers/collect.ts';
import { type Reply, type ScriptedServer, scriptedServer } from '../../../helpers/scripted-server.ts';
import { bytesIn, FakeTiming, failureOf, JANE, testClient, testRepository } from '../client-under-test.ts';

const PASSWORD = 's3cret';
const TOKEN = 'opaque-token-of-jane';
const BASIC = Buffer.from(`jane:${PASSWORD}`).toString('base64');
const EMPTY = { digest: digestOf('{}'), size: 2 };

/** A registry with tokens that does, once it has seen one, what the test says. */
async function tokenRegistry(
  answer: (path: string) => Reply,
  token: () => Reply = () => ({ body: { token: TOKEN } }),
): Promise<ScriptedServer> {
  const server: ScriptedServer = await scriptedServer(({ path, headers }) => {
    if (path === '/token') return token();
    if (headers.authorization) return answer(path);
    return { status: 401, headers: { 'www-authenticate': `Bearer realm="${server.url}/token"` } };
  });
  return server;
}

/** Everything that a log could ever show of an error: its message, its causes, its fields. */
function everythingOf(error: unknown): string {
  return inspect(error, { depth: 20, showHidden: true, maxStringLength: null });
}

const authorizationsAt = ({ requests }: ScriptedServer) =>
  requests.map(({ headers }) => headers.authorization);

describe('a token never leaks', () => {
  it('to another origin by a redirect to storage', async () => {
    const storage = await scriptedServer(() => ({ body: '{}' }));
    const server = await tokenRegistry(() => ({ status: 307, headers: { location: `${storage.url}/blob` } }));
    const repository = testRepository(server, { credentials: JANE });
    expect((await bytesIn(await repository.openBlob(EMPTY))).toString()).toBe('{}');
    expect(authorizationsAt(storage)).toEqual([undefined]);
  });

  it('to another port of the same host, which is another origin', async () => {
    const other = await scriptedServer(() => ({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="r"' },
    }));
    const server = await tokenRegistry(() => ({ status: 302, headers: { location: `${other.url}/v2/` } }));
    await failureOf(testRepository(server, { credentials: JANE }).resolve('v1'));
    expect(authorizationsAt(other)).toEqual([undefined]);
  });

  it('to a paging link on another host', async () => {
    const other = await scriptedServer(() => ({ body: { tags: ['b'] } }));
    const link = () => `<${other.url}/v2/acme/app/tags/list?last=a>; rel="next"`;
    const server = await tokenRegistry(() => ({ headers: { link: link() }, body: { tags: ['a'] } }));
    const error = await failureOf(collect(testRepository(server, { credentials: JANE }).tags()));
    expect(error).toMatchObject({ code: 'E_PROTOCOL' });
    expect(other.log).toEqual([]);
  });

  it('of one registry to another with the same token server', async () => {
    const tokens = await scriptedServer((_, index) => ({ body: { token: `token-${index}` } }));
    const challenge = { status: 401, headers: { 'www-authenticate': `Bearer realm="${tokens.url}/token"` } };
    const start = () =>
      scriptedServer(({ headers }) => (headers.authorization ? { status: 404 } : challenge));
    const servers = [await start(), await start()];
    const client = testClient();
    for (const { host: registry } of servers) {
      await client.repository({ registry, repository: 'acme/app' }).resolve('v1');
    }
    expect(servers.map((server) => authorizationsAt(server).at(-1))).toEqual([
      'Bearer token-0',
      'Bearer token-1',
    ]);
  });

  it('of one repository to another of the same registry', async () => {
    const given: string[] = [];
    const server: ScriptedServer = await scriptedServer(({ path, query, headers }) => {
      if (path === '/token') {
        given.push(query.get('scope') ?? '');
        return { body: { token: `token-${given.length}` } };
      }
      if (headers.authorization) return { status: 404 };
      return { status: 401, headers: { 'www-authenticate': `Bearer realm="${server.url}/token"` } };
    });
    const client = testClient();
    for (const repository of ['a/one', 'a/two']) {
      await client.repository({ registry: server.host, repository }).resolve('v1');
    }
    expect(given).toEqual(['repository:a/one:pull', 'repository:a/two:pull']);
    expect(authorizationsAt(server).at(-1)).toBe('Bearer token-2');
  });
});

describe('a password never leaks', () => {
  it('to a registry other than its own', async () => {
    const challenge = { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
    const [mine, other] = [await scriptedServer(() => challenge), await scriptedServer(() => challenge)];
    const credentials: CredentialSource = {
      credentialsFor: async (registry) =>
        registry === mine.host ? { kind: 'password', username: 'jane', password: PASSWORD } : undefined,
    };
    const client = testClient({ credentials });
    for (const { host: registry } of [mine, other]) {
      await failureOf(client.repository({ registry, repository: 'a/b' }).resolve('v1'));
    }
    expect(authorizationsAt(mine)).toEqual([undefined, `Basic ${BASIC}`]);
    expect(authorizationsAt(other)).toEqual([undefined]);
  });

  it('to a registry that does not ask for it', async () => {
    const server = await scriptedServer(() => ({ status: 404 }));
    await testRepository(server, { credentials: JANE }).resolve('v1');
    expect(authorizationsAt(server)).toEqual([undefined]);
  });

  it('to a token server that redirects', async () => {
    const thief = await scriptedServer(() => ({ body: { token: 'x' } }));
    const server = await tokenRegistry(
      () => ({ status: 404 }),
      () => ({ status: 307, headers: { location: `${thief.url}/token` } }),
    );
    await testRepository(server, { credentials: JANE }).resolve('v1');
    expect(authorizationsAt(thief)).toEqual([undefined]);
  });

  const sent: string[] = [];
  it.each([
    ['over http', 'http://auth.example.com/token', 'E_PROTOCOL'],
    ['in a private network', 'https://10.0.0.5/token', 'E_DENIED'],
    ['on this machine', 'https://127.0.0.1:8443/token', 'E_DENIED'],
    ['on this machine by name', 'https://localhost:8443/token', 'E_DENIED'],
    ['at the metadata address', 'https://169.254.169.254/token', 'E_DENIED'],
    ['of no host', 'file:///etc/passwd', 'E_PROTOCOL'],
    ['with a login in it', 'https://a:b@auth.example.com/token', 'E_PROTOCOL'],
  ])('of a public registry to a realm %s', async (_, realm, code) => {
    const connections = createConnections(DEFAULT_LIMITS);
    const auth = new RegistryAuth({
      registry: { name: 'registry.example.com', origin: new URL('https://registry.example.com') },
      reach: 'public',
      credentials: async () => ({ kind: 'password', username: 'jane', password: PASSWORD }),
      send: (request) => connections.send(request),
      timing: new FakeTiming(),
    });
    try {
      const challenge = { scheme: 'bearer', params: new Map([['realm', realm]]) };
      const error = await failureOf(auth.answer([challenge], [], undefined));
      expect(error).toMatchObject({ code });
      sent.push(everythingOf(error));
    } finally {
      await connections.close();
    }
    expect(sent.join()).not.toContain(PASSWORD);
  });
});

describe('a token that stands for a person never leaks', () => {
  const credentials: CredentialSource = {
    credentialsFor: async () => ({ kind: 'token', token: 'identity-token-of-jane' }),
  };

  it('to a token server that redirects what is posted', async () => {
    const thief = await scriptedServer(() => ({ body: { access_token: 'x' } }));
    const server = await tokenRegistry(
      () => ({ status: 404 }),
      () => ({ status: 307, headers: { location: `${thief.url}/token` } }),
    );
    const error = await failureOf(testRepository(server, { credentials }).resolve('v1'));
    expect(error).toMatchObject({
      code: 'E_PROTOCOL',
      message: expect.stringContaining('redirected a secret'),
    });
    expect(thief.log).toEqual([]);
    expect(everythingOf(error)).not.toContain('identity-token-of-jane');
  });

  it('to a registry of Azure that sends the exchange elsewhere', async () => {
    const thief = await scriptedServer(() => ({ body: { refresh_token: 'x' } }));
    const server: ScriptedServer = await scriptedServer(({ path }) =>
      path === '/oauth2/exchange'
        ? { status: 308, headers: { location: `${thief.url}/oauth2/exchange` } }
        : { status: 401, headers: { 'www-authenticate': `Bearer realm="${server.url}/oauth2/token"` } },
    );
    const entra: CredentialSource = {
      credentialsFor: async () => ({ kind: 'entra', token: async (scope) => entraTokenFor(scope) }),
    };
    const error = await failureOf(testRepository(server, { credentials: entra }).resolve('v1'));
    expect(error).toMatchObject({ code: 'E_PROTOCOL' });
    expect(thief.log).toEqual([]);
    expect(everythingOf(error)).not.toContain('entra-secret');
  });
});

describe('no error, with all its causes and fields, holds', () => {
  const echo = (secrets: string): Reply => ({
    status: 401,
    body: { errors: [{ code: `BAD ${secrets}`, message: `cannot use ${secrets} here` }] },
  });

  it('the password or its Basic form when the token server repeats them', async () => {
    const server = await tokenRegistry(
      () => ({ status: 404 }),
      () => echo(`jane:${PASSWORD} as Basic ${BASIC}`),
    );
    const error = await failureOf(testRepository(server, { credentials: JANE }).resolve('v1'));
    expect(error.message).toContain('cannot use jane:REDACTED as Basic REDACTED here');
    expect(everythingOf(error)).not.toMatch(new RegExp(`${PASSWORD}|${BASIC}`));
  });

  it('the token when the registry repeats it', async () => {
    const server = await tokenRegistry(() => ({ ...echo(TOKEN), status: 403 }));
    const error = await failureOf(testRepository(server, { credentials: JANE }).fetchManifest('v1'));
    expect(error.message).toContain('cannot use REDACTED here');
    expect(everythingOf(error)).not.toContain(TOKEN);
  });

  it('a JWT, whoever it belongs to', async () => {
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJl';
    const server = await scriptedServer(() => ({ ...echo(jwt), status: 403 }));
    expect(everythingOf(await failureOf(testRepository(server).fetchManifest('v1')))).not.toContain(jwt);
  });

  it.each<[string, Credentials]>([
    ['the identity token', { kind: 'token', token: 'acr-identity-secret' }],
    ['the Entra token', { kind: 'entra', token: async () => 'acr-identity-secret' }],
  ])('%s when a registry of Azure refuses it', async (_, known) => {
    const { server } = await startAzureRegistry();
    const repository = testRepository(server, { credentials: { credentialsFor: async () => known } });
    const error = await failureOf(repository.resolve('v1'));
    expect(error).toMatchObject({ code: 'E_DENIED' });
    expect(everythingOf(error)).not.toContain('acr-identity-secret');
  });
});
