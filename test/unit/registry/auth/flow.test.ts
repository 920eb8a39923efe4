import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import type { CredentialSource } from '../../../../shared/registry/index.ts';
import { collect } from '../../../helpers/collect.ts';
import {
  type RecordedRequest,
  type Scripted,
  type ScriptedServer,
  scriptedServer,
} from '../../../helpers/scripted-server.ts';
import {
  bytesIn,
  bytesOf,
  FakeTiming,
  FOUND,
  failureOf,
  JANE,
  testClient,
  testRepository,
} from '../client-under-test.ts';

interface TokenRegistryOptions {
  /** The token server's answer; default: a token of its own for each request. */
  readonly token?: (request: RecordedRequest, count: number) => Scripted;
  /** Whether a token is still good; default: all that were given. */
  readonly accepts?: (token: string, request: RecordedRequest) => boolean;
  readonly challenge?: (host: string, request: RecordedRequest) => string;
}

/** A registry that wants tokens from a server of its own, at `/token`. */
async function tokenRegistry(options: TokenRegistryOptions = {}): Promise<ScriptedServer> {
  let given = 0;
  const server: ScriptedServer = await scriptedServer((request) => {
    if (request.path === '/token') {
      given += 1;
      return options.token?.(request, given) ?? { body: { token: `t${given}` } };
    }
    const token = request.headers.authorization?.replace('Bearer ', '');
    const accepted = token && (options.accepts?.(token, request) ?? true);
    if (accepted && request.path === '/v2/') return {};
    if (accepted) return request.path.endsWith('/tags/list') ? { body: { tags: ['a'] } } : FOUND;
    const challenge =
      options.challenge?.(server.host, request) ?? `Bearer realm="http://${server.host}/token",service="s"`;
    return { status: 401, headers: { 'www-authenticate': challenge } };
  });
  return server;
}

const tokenRequests = (server: ScriptedServer) => server.requests.filter(({ path }) => path === '/token');

describe('the token flow', () => {
  it('learns from the first refusal and shows the token from then on', async () => {
    const server = await tokenRegistry();
    const repository = testRepository(server, { credentials: JANE });
    for (const tag of ['a', 'b', 'c']) await repository.resolve(tag);
    expect(server.log).toEqual([
      'HEAD /v2/acme/app/manifests/a',
      'GET /token',
      'HEAD /v2/acme/app/manifests/a',
      'HEAD /v2/acme/app/manifests/b',
      'HEAD /v2/acme/app/manifests/c',
    ]);
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer t1');
  });

  it('asks with Basic, service, and the scope that is needed though the challenge has none', async () => {
    const server = await tokenRegistry();
    await testRepository(server, { credentials: JANE }).resolve('latest');
    const [request] = tokenRequests(server);
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('jane:s3cret').toString('base64')}`);
    expect([...(request?.query ?? [])]).toEqual([
      ['service', 's'],
      ['scope', 'repository:acme/app:pull'],
    ]);
  });

  it('goes anonymously without credentials, and takes `access_token` too', async () => {
    const server = await tokenRegistry({ token: () => ({ body: { access_token: 'anon' } }) });
    await testRepository(server).resolve('latest');
    expect(tokenRequests(server)[0]?.headers.authorization).toBeUndefined();
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer anon');
  });

  it('needs one token for each scope, however many ask at once', async () => {
    const server = await tokenRegistry();
    const client = testClient();
    const repositories = ['a/one', 'a/two'].map((repository) =>
      client.repository({ registry: server.host, repository }),
    );
    await Promise.all(repositories.flatMap((r) => ['x', 'y', 'z'].map((tag) => r.resolve(tag))));
    expect(
      tokenRequests(server)
        .map(({ query }) => query.get('scope'))
        .sort(),
    ).toEqual(['repository:a/one:pull', 'repository:a/two:pull']);
  });

  it('renews a token before it ends: after 60 seconds when its life is not given', async () => {
    const server = await tokenRegistry();
    const timing = new FakeTiming();
    const repository = testRepository(server, { timing });
    await repository.resolve('latest');
    timing.pass(46_000);
    await repository.resolve('latest');
    expect(server.log.slice(3)).toEqual(['GET /token', 'HEAD /v2/acme/app/manifests/latest']);
  });

  it('renews once a token that the registry no longer takes', async () => {
    const revoked = new Set<string>();
    const server = await tokenRegistry({ accepts: (token) => !revoked.has(token) });
    const repository = testRepository(server);
    await repository.resolve('latest');
    revoked.add('t1');
    expect(await repository.resolve('latest')).toMatchObject({ digest: digestOf('{}') });
    expect(tokenRequests(server)).toHaveLength(2);
  });

  it('renews a token that ends in the middle of an upload, and sends the whole blob again', async () => {
    let valid = '';
    const server: ScriptedServer = await scriptedServer(({ method, path, headers, body }) => {
      if (path === '/token') {
        valid = `token-${server.requests.length}`;
        return { body: { token: valid } };
      }
      if (headers.authorization !== `Bearer ${valid}`) {
        return { status: 401, headers: { 'www-authenticate': `Bearer realm="${server.url}/token"` } };
      }
      if (method === 'HEAD') return { status: 404 };
      if (method === 'POST') {
        valid = 'another, from now on';
        return { status: 202, headers: { location: '/v2/acme/app/blobs/uploads/1' } };
      }
      return { status: body.toString() === 'hello, blob' ? 201 : 400 };
    });
    const blob = { digest: digestOf('hello, blob'), size: 11 };
    const opened: string[] = [];
    const outcome = await testRepository(server).pushBlob(blob, async () => {
      opened.push('source');
      return bytesOf('hello, ', 'blob');
    });
    expect(outcome).toBe('uploaded');
    expect(server.log.slice(3)).toEqual([
      'POST /v2/acme/app/blobs/uploads/',
      'PUT /v2/acme/app/blobs/uploads/1',
      'GET /token',
      'PUT /v2/acme/app/blobs/uploads/1',
    ]);
    expect(opened).toHaveLength(2);
  });

  it('renews a token that ends between two blobs, once for all that are read at that time', async () => {
    let valid = '';
    const server: ScriptedServer = await scriptedServer(({ path, headers }) => {
      if (path === '/token') {
        valid = `token-${server.requests.length}`;
        return { body: { token: valid } };
      }
      if (headers.authorization === `Bearer ${valid}`) return { body: 'hello' };
      return { status: 401, headers: { 'www-authenticate': `Bearer realm="${server.url}/token"` } };
    });
    const repository = testRepository(server);
    const read = async () =>
      (await bytesIn(await repository.openBlob({ digest: digestOf('hello'), size: 5 }))).toString();
    expect(await read()).toBe('hello');
    valid = 'another, from now on';
    expect(await Promise.all([read(), read(), read()])).toEqual(['hello', 'hello', 'hello']);
    expect(tokenRequests(server)).toHaveLength(2);
  });

  it('renews a token that ended while a blob broke off, and goes on at the byte it reached', async () => {
    const server: ScriptedServer = await scriptedServer(({ path, headers }) => {
      if (path === '/token') return { body: { token: `t${tokenRequests(server).length}` } };
      if (headers.authorization === 'Bearer t2') {
        const range = { 'content-range': 'bytes 2-4/5' };
        return headers.range === 'bytes=2-' ? { status: 206, headers: range, body: 'llo' } : { status: 416 };
      }
      if (headers.authorization === undefined || headers.range !== undefined) {
        return { status: 401, headers: { 'www-authenticate': `Bearer realm="${server.url}/token"` } };
      }
      return (response) => {
        response.writeHead(200, { 'content-length': 5 });
        response.write('he', () => setImmediate(() => response.socket?.destroySoon()));
      };
    });
    const blob = await testRepository(server).openBlob({ digest: digestOf('hello'), size: 5 });
    expect((await bytesIn(blob)).toString()).toBe('hello');
    expect(tokenRequests(server)).toHaveLength(2);
    expect(server.requests.map(({ headers }) => headers.range).filter(Boolean)).toEqual([
      'bytes=2-',
      'bytes=2-',
    ]);
  });

  it('ends a circle of refusals as E_DENIED', async () => {
    const server = await tokenRegistry({ accepts: () => false });
    const repository = testRepository(server, { credentials: JANE });
    const error = await failureOf(repository.resolve('latest'));
    expect(error).toMatchObject({ code: 'E_DENIED', status: 401 });
    expect(error.message).toMatch(/^Could not resolve .*acme\/app:latest.*Check its credentials/);
    expect(server.requests).toHaveLength(3);
    await failureOf(repository.resolve('latest'));
    expect(server.requests).toHaveLength(6);
  });

  it('says of a refusal that no credentials are known, also where a token was given out to nobody', async () => {
    const server = await tokenRegistry({ accepts: () => false });
    const anonymous = await failureOf(testRepository(server).resolve('latest'));
    expect(anonymous).toMatchObject({ code: 'E_DENIED', status: 401 });
    expect(anonymous.message).toContain('No credentials are configured for it');
  });

  it('asks for what a registry wants besides, once for all repositories', async () => {
    const wanting = new Set<string>();
    const server = await tokenRegistry({
      token: (request) => ({
        body: { token: Buffer.from(request.query.get('scope') ?? '').toString('hex') },
      }),
      accepts: (token, { path }) =>
        !path.endsWith('tags/list') || Buffer.from(token, 'hex').toString().includes('metadata_read'),
      challenge: (host, { path }) => {
        const name = path.split('/').slice(2, 4).join('/');
        wanting.add(name);
        return `Bearer realm="http://${host}/token",scope="repository:${name}:metadata_read",error="insufficient_scope"`;
      },
    });
    const client = testClient();
    for (const repository of ['a/one', 'a/two']) {
      const tags = client.repository({ registry: server.host, repository }).tags();
      expect(await collect(tags)).toEqual(['a']);
    }
    expect([...wanting]).toEqual(['a/one']);
    expect(tokenRequests(server).at(-1)?.query.get('scope')).toBe('repository:a/two:pull,metadata_read');
  });

  it('finds the challenge at /v2/ when a refusal has none', async () => {
    const server: ScriptedServer = await scriptedServer((request) => {
      if (request.path === '/token') return { body: { token: 't' } };
      if (request.headers.authorization) return FOUND;
      const headers = { 'www-authenticate': `Bearer realm="http://${server.host}/token"` };
      return request.path === '/v2/' ? { status: 401, headers } : { status: 401 };
    });
    expect(await testRepository(server).resolve('latest')).toMatchObject({ digest: digestOf('{}') });
    expect(server.log[1]).toBe('GET /v2/');
  });

  it('sends nothing to a realm without https', async () => {
    const server = await tokenRegistry({ challenge: () => 'Bearer realm="http://auth.example.com/token"' });
    expect(await failureOf(testRepository(server, { credentials: JANE }).resolve('latest'))).toMatchObject({
      code: 'E_PROTOCOL',
      message: expect.stringMatching(
        /^Could not resolve .*without https \(http:\/\/auth\.example\.com\/token\)/,
      ),
    });
  });

  it('does not take the credentials along when the realm redirects', async () => {
    const thief = await scriptedServer(() => ({ body: { token: 't' } }));
    const server = await tokenRegistry({
      token: () => ({ status: 302, headers: { location: `${thief.url}/token` } }),
    });
    await testRepository(server, { credentials: JANE }).resolve('latest');
    expect(thief.requests[0]?.headers.authorization).toBeUndefined();
  });

  it.each([
    [
      'refuses the credentials',
      { status: 401, body: { details: 'incorrect username or password' } },
      'E_DENIED',
    ],
    ['limits us', { status: 429, headers: { 'retry-after': '600' } }, 'E_RATE_LIMITED'],
    ['is down', { status: 503 }, 'E_UNAVAILABLE'],
    ['is not there', { status: 404 }, 'E_PROTOCOL'],
    ['sends a page', { headers: { 'content-type': 'text/html' }, body: '<html>' }, 'E_PROTOCOL'],
    ['sends no token', { body: { token: '' } }, 'E_PROTOCOL'],
    ['sends a token that would be two headers', { body: { token: 'a\r\nx: y' } }, 'E_PROTOCOL'],
    ['sends too much', { body: { token: 'x'.repeat(70_000) } }, 'E_TOO_LARGE'],
  ] as const)('fails with what is wrong when the token server %s', async (_how, token, code) => {
    const server = await tokenRegistry({ token: () => token });
    const error = await failureOf(testRepository(server, { credentials: JANE }).resolve('latest'));
    expect(error.code).toBe(code);
    expect(error.message).toContain(`Could not resolve ${server.host}/acme/app:latest`);
    expect(error.message).not.toContain('s3cret');
  });

  it('asks once more when the answer of the token server breaks off', async () => {
    const server: ScriptedServer = await scriptedServer(({ path, headers }) => {
      if (headers.authorization === 'Bearer whole') return FOUND;
      if (path !== '/token') {
        return { status: 401, headers: { 'www-authenticate': `Bearer realm="${server.url}/token"` } };
      }
      if (tokenRequests(server).length > 1) return { body: { token: 'whole' } };
      return (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
        response.write('{"token":"ha', () => setImmediate(() => response.socket?.destroySoon()));
      };
    });
    expect(await testRepository(server).resolve('latest')).toMatchObject({ digest: digestOf('{}') });
    expect(tokenRequests(server)).toHaveLength(2);
  });

  it('asks where the credentials come from once for many tokens, and again when they are refused', async () => {
    const passwords = ['old', 'new'];
    let asked = 0;
    const credentials: CredentialSource = {
      async credentialsFor() {
        asked += 1;
        return { kind: 'password', username: 'jane', password: passwords[asked - 1] ?? 'new' };
      },
    };
    let right = 'old';
    const server = await tokenRegistry({
      token: ({ headers }, count) =>
        headers.authorization === `Basic ${Buffer.from(`jane:${right}`).toString('base64')}`
          ? { body: { token: `t${count}` } }
          : { status: 401 },
    });
    const client = testClient({ credentials });
    const at = (repository: string) => client.repository({ registry: server.host, repository });
    await Promise.all(['a/1', 'a/2', 'a/3'].map((name) => at(name).resolve('v1')));
    expect(asked).toBe(1);
    right = 'new';
    expect((await failureOf(at('a/4').resolve('v1'))).code).toBe('E_DENIED');
    expect(await at('a/4').resolve('v1')).toMatchObject({ digest: digestOf('{}') });
    expect(asked).toBe(2);
  });

  it('redeems a token without user name at its realm, as "docker login" does', async () => {
    const server = await tokenRegistry({ token: () => ({ body: { access_token: 'access' } }) });
    const credentials: CredentialSource = {
      credentialsFor: async () => ({ kind: 'token', token: 'identity' }),
    };
    await testRepository(server, { credentials }).resolve('latest');
    const [request] = tokenRequests(server);
    expect(request?.method).toBe('POST');
    expect([...new URLSearchParams(request?.body.toString())]).toEqual([
      ['grant_type', 'refresh_token'],
      ['service', 's'],
      ['client_id', 'longshore'],
      ['refresh_token', 'identity'],
      ['scope', 'repository:acme/app:pull'],
    ]);
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer access');
  });

  it.each([
    [404, 'takes no identity but a user name'],
    [405, 'takes no identity but a user name'],
    [400, 'does not take the token it was shown'],
    [401, 'answered 401'],
  ])('says what to do when a %d is the answer to a token without user name', async (status, how) => {
    const server = await tokenRegistry({ token: () => ({ status }) });
    const credentials: CredentialSource = {
      credentialsFor: async () => ({ kind: 'token', token: 'identity' }),
    };
    const error = await failureOf(testRepository(server, { credentials }).resolve('latest'));
    expect(error).toMatchObject({ code: 'E_DENIED', message: expect.stringContaining(how) });
  });

  it('passes on what the credential source says', async () => {
    const server = await tokenRegistry();
    const credentials = { credentialsFor: () => Promise.reject(new Error('the vault is sealed')) };
    await expect(testRepository(server, { credentials }).resolve('latest')).rejects.toThrow(
      'the vault is sealed',
    );
  });
});

describe('Basic', () => {
  const basicRegistry = (password: string) =>
    scriptedServer((request) =>
      request.headers.authorization === `Basic ${Buffer.from(`jane:${password}`).toString('base64')}`
        ? FOUND
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="Registry Realm"' } },
    );

  it('is shown from the second request on', async () => {
    const server = await basicRegistry('s3cret');
    const repository = testRepository(server, { credentials: JANE });
    await repository.resolve('a');
    await repository.resolve('b');
    expect(server.requests).toHaveLength(3);
  });

  it('that is wrong is tried once', async () => {
    const server = await basicRegistry('other');
    expect(await failureOf(testRepository(server, { credentials: JANE }).resolve('a'))).toMatchObject({
      code: 'E_DENIED',
    });
    expect(server.requests).toHaveLength(2);
  });

  it('takes up a rotated password', async () => {
    const server = await basicRegistry('new');
    const passwords = ['old', 'new'];
    const credentials: CredentialSource = {
      credentialsFor: async () => ({
        kind: 'password',
        username: 'jane',
        password: passwords.shift() ?? 'new',
      }),
    };
    const repository = testRepository(server, { credentials });
    expect((await failureOf(repository.resolve('a'))).code).toBe('E_DENIED');
    expect(await repository.resolve('a')).toMatchObject({ digest: digestOf('{}') });
  });

  it('without credentials is E_DENIED after one request', async () => {
    const server = await basicRegistry('s3cret');
    expect((await failureOf(testRepository(server).resolve('a'))).code).toBe('E_DENIED');
    expect(server.requests).toHaveLength(1);
  });
});

describe('ping', () => {
  it('is content with 200, after the token flow if need be', async () => {
    const server = await tokenRegistry();
    await testClient().ping(server.host);
    expect(server.log).toEqual(['GET /v2/', 'GET /token', 'GET /v2/']);
    expect(tokenRequests(server)[0]?.query.has('scope')).toBe(false);
  });

  it.each([
    [{ status: 404 }, 'has no /v2/'],
    [{ headers: { 'content-type': 'text/html' }, body: '<html>' }, 'answered with an HTML page'],
    [{ status: 418 }, 'answered 418'],
  ])('says what is wrong with %j', async (reply, how) => {
    const server = await scriptedServer(() => reply);
    expect(await failureOf(testClient().ping(server.host))).toMatchObject({
      code: 'E_PROTOCOL',
      message: expect.stringContaining(how),
    });
  });

  it('refuses what is not a host', async () => {
    expect(await failureOf(testClient().ping('https://ghcr.io'))).toMatchObject({ code: 'E_REFERENCE' });
  });
});
