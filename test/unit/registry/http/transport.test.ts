import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import { collect } from '../../../helpers/collect.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
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

const once = { limits: { attempts: 1 } };

describe('connections', () => {
  it('are kept after HEAD, one for each request at a time', async () => {
    const server = await scriptedServer(() => FOUND);
    const repository = testRepository(server, { limits: { connectionsPerHost: 3 } });
    await Promise.all(Array.from({ length: 60 }, () => repository.resolve('latest')));
    expect(server.requests).toHaveLength(60);
    expect(server.connections).toBeLessThanOrEqual(3);
  });

  it('are two at most for requests of all kinds that come one after the other, refused ones too', async () => {
    const server = await scriptedServer(({ method, path }) => {
      if (path.endsWith('/tags/list')) return { body: { tags: ['a'] } };
      if (path.includes('/manifests/')) return path.endsWith('none') ? { status: 404, body: 'none' } : FOUND;
      if (method === 'GET') return { body: 'hello' };
      if (method === 'POST') return { status: 202, headers: { location: '/u' } };
      return { status: method === 'PUT' ? 201 : 404 };
    });
    const repository = testRepository(server);
    const blob = { digest: digestOf('hello'), size: 5 };
    await repository.resolve('latest');
    await failureOf(repository.fetchManifest('none'));
    await bytesIn(await repository.openBlob(blob));
    await repository.pushBlob(blob, async () => bytesOf('hello'));
    await collect(repository.tags());
    expect(server.log.map((line) => line.split(' ')[0])).toEqual([
      ...['HEAD', 'GET', 'GET'],
      ...['HEAD', 'POST', 'PUT'],
      'GET',
    ]);
    // undici lets each rest for a turn of the event loop, in case the server closes it after all.
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it('fail as E_NETWORK with what is wrong, and which operation', async () => {
    const client = testClient(once);
    expect(await failureOf(client.ping('127.0.0.1:1'))).toMatchObject({
      name: 'TransportError',
      code: 'E_NETWORK',
      message: 'Could not ping registry 127.0.0.1:1: GET http://127.0.0.1:1/v2/: nothing listens there.',
    });
    expect(await failureOf(client.ping('no-such-host.invalid'))).toMatchObject({ code: 'E_NETWORK' });
  });

  it('end with the client', async () => {
    const server = await scriptedServer(() => () => delay(0));
    const client = testClient(once);
    const pending = failureOf(client.ping(server.host));
    await expect.poll(() => server.requests.length).toBe(1);
    await client.close();
    expect((await pending).name).toBe('TransportError');
  });
});

describe('a silent or rambling registry', () => {
  const impatient = { limits: { attempts: 1, idleTimeoutMs: 100, answerTimeoutMs: 150 } };

  it('that never answers is E_TIMEOUT', async () => {
    const server = await scriptedServer(() => () => {});
    expect(await failureOf(testClient(impatient).ping(server.host))).toMatchObject({
      code: 'E_TIMEOUT',
      message: expect.stringContaining('no answer in time'),
    });
  });

  it('that sends its headers drop by drop is E_TIMEOUT', async () => {
    const server = await scriptedServer(() => (response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => response.socket?.write('x-drop: 1\r\n'), 20);
      response.socket?.on('close', () => clearInterval(timer));
    });
    expect(await failureOf(testClient(impatient).ping(server.host))).toMatchObject({ code: 'E_TIMEOUT' });
  });

  it('that sends a manifest drop by drop is E_TIMEOUT', async () => {
    const server = await scriptedServer(() => (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    });
    expect(await failureOf(testRepository(server, impatient).fetchManifest('latest'))).toMatchObject({
      code: 'E_TIMEOUT',
      message: expect.stringContaining('did not finish its answer'),
    });
  });

  it('that stops in the middle of a blob is E_TIMEOUT', async () => {
    const server = await scriptedServer(() => (response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('12345');
    });
    const blob = await testRepository(server, impatient).openBlob({ digest: digestOf('x'), size: 10 });
    expect(await failureOf(bytesIn(blob))).toMatchObject({
      code: 'E_TIMEOUT',
      message: expect.stringMatching(/^Could not fetch blob .*stopped in the middle\.$/),
    });
  });

  it('that closes in the middle of a blob is E_NETWORK', async () => {
    const server = await scriptedServer(() => (response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('12345', () => response.destroy());
    });
    const blob = await testRepository(server, once).openBlob({ digest: digestOf('x'), size: 10 });
    expect(await failureOf(bytesIn(blob))).toMatchObject({ code: 'E_NETWORK' });
  });

  it('that speaks no HTTP is E_NETWORK', async () => {
    const server = await scriptedServer(() => (response) => {
      response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n');
    });
    expect(await failureOf(testClient(once).ping(server.host))).toMatchObject({
      code: 'E_NETWORK',
      message: expect.stringContaining('is not HTTP'),
    });
  });

  it('that sends endless headers is E_NETWORK', async () => {
    const server = await scriptedServer(() => (response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`);
    });
    expect(await failureOf(testClient(once).ping(server.host))).toMatchObject({
      code: 'E_NETWORK',
      message: expect.stringContaining('headers are too large'),
    });
  });
});

describe('an abort', () => {
  it('rejects with its own reason while waiting for an answer, a body or the next attempt', async () => {
    const reason = new Error('shutting down');
    const controller = () => {
      const abort = new AbortController();
      return { signal: abort.signal, abort: () => abort.abort(reason) };
    };
    const silent = await scriptedServer(() => () => {});
    const first = controller();
    const waiting = failureOf(testClient().ping(silent.host, first));
    await expect.poll(() => silent.requests.length).toBe(1);
    first.abort();
    expect(await waiting).toBe(reason);

    const halting = await scriptedServer(() => (response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('12345');
    });
    const second = controller();
    const blob = await testRepository(halting).openBlob({ digest: digestOf('x'), size: 10 }, second);
    const chunks = blob[Symbol.asyncIterator]();
    await chunks.next();
    second.abort();
    expect(await failureOf(chunks.next())).toBe(reason);

    const broken = await scriptedServer(() => ({ status: 503 }));
    const third = controller();
    const timing = new FakeTiming();
    timing.sleep = async (_ms, signal) => {
      third.abort();
      signal?.throwIfAborted();
    };
    expect(await failureOf(testClient({ timing }).ping(broken.host, third))).toBe(reason);
    expect(broken.requests).toHaveLength(1);
  });

  it('ends HEADs that wait for an answer or for a connection, and no others', async () => {
    const server = await scriptedServer(({ path }) => (path.endsWith('latest') ? FOUND : () => {}));
    const repository = testRepository(server, { limits: { connectionsPerHost: 2, attempts: 1 } });
    const abort = new AbortController();
    const { signal } = abort;
    const waiting = ['v1', 'v2', 'v3', 'v4'].map((tag) => failureOf(repository.resolve(tag, { signal })));
    await expect.poll(() => server.requests.length).toBe(2);
    const other = repository.resolve('latest');
    abort.abort(new Error('shutting down'));
    for (const failure of waiting) expect(await failure).toBe(signal.reason);
    expect(await other).toMatchObject({ size: 2 });
    expect(server.requests).toHaveLength(3);
  });

  it('before the start sends nothing', async () => {
    const server = await scriptedServer(() => FOUND);
    const signal = AbortSignal.abort(new Error('never mind'));
    expect(await failureOf(testRepository(server).resolve('latest', { signal }))).toBe(signal.reason);
    expect(server.requests).toHaveLength(0);
  });
});

describe('retry', () => {
  it('gets over what passes: resets, 5xx and 429, with growing waits', async () => {
    const server = await scriptedServer((_request, index) => {
      if (index === 0) return (response) => void response.destroy();
      return [{}, { status: 502 }, { status: 429, headers: { 'retry-after': '3' } }, FOUND][index] ?? {};
    });
    const timing = new FakeTiming();
    expect(await testRepository(server, { timing }).resolve('latest')).toMatchObject({ size: 2 });
    expect(timing.sleeps).toEqual([250, 500, 3_125]);
  });

  it('stops after its attempts with the last answer', async () => {
    const server = await scriptedServer(() => ({
      status: 503,
      body: { errors: [{ code: 'UNAVAILABLE', message: 'maintenance' }] },
    }));
    expect(await failureOf(testClient().ping(server.host))).toMatchObject({
      name: 'RegistryError',
      code: 'E_UNAVAILABLE',
      status: 503,
      message: `Could not ping registry ${server.host}: ${server.host} answered 503 (UNAVAILABLE: maintenance). The registry has a problem. Try again later.`,
    });
    expect(server.requests).toHaveLength(4);
  });

  it('leaves longer waits to the queue', async () => {
    const server = await scriptedServer(() => ({ status: 429, headers: { 'retry-after': '600' } }));
    expect(await failureOf(testRepository(server).fetchManifest('latest'))).toMatchObject({
      code: 'E_RATE_LIMITED',
      retryAfterMs: 600_000,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('does not repeat what was refused', async () => {
    const server = await scriptedServer(() => ({ status: 403 }));
    expect(await failureOf(testRepository(server).resolve('latest'))).toMatchObject({ code: 'E_DENIED' });
    expect(server.requests).toHaveLength(1);
  });

  it('is not disturbed by an endless error page', async () => {
    const server = await scriptedServer(() => (response) => {
      response.writeHead(500, { 'content-type': 'text/html' });
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', pour);
      pour();
    });
    expect(await failureOf(testClient().ping(server.host))).toMatchObject({ code: 'E_UNAVAILABLE' });
    expect(server.requests).toHaveLength(4);
  });
});

describe('redirects', () => {
  it('lead to other hosts without the credentials', async () => {
    const storage = await scriptedServer(() => ({ body: 'hello' }));
    const server = await scriptedServer((request) =>
      request.headers.authorization
        ? {
            status: 307,
            headers: { location: `http://localhost:${storage.host.split(':')[1]}/b?sig=secret` },
          }
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
    );
    const repository = testRepository(server, { credentials: JANE });
    const blob = await repository.openBlob({ digest: digestOf('hello'), size: 5 });
    expect((await bytesIn(blob)).toString()).toBe('hello');
    expect(storage.requests[0]?.headers.authorization).toBeUndefined();
    expect(storage.requests[0]?.url).toBe('/b?sig=secret');
  });

  it('keep the credentials on the same origin', async () => {
    const server = await scriptedServer((request) => {
      if (!request.headers.authorization) {
        return { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
      }
      return request.path === '/moved' ? FOUND : { status: 301, headers: { location: '/moved' } };
    });
    expect(await testRepository(server, { credentials: JANE }).resolve('latest')).toMatchObject({
      digest: digestOf('{}'),
    });
    expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
  });

  it('that refuse are not asked for credentials, and secrets in their address stay unsaid', async () => {
    const storage = await scriptedServer(() => ({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="give me yours"' },
    }));
    const server = await scriptedServer(() => ({
      status: 302,
      headers: { location: `${storage.url}/b?sig=secret` },
    }));
    const error = await failureOf(
      testRepository(server, { credentials: JANE }).openBlob({ digest: digestOf('x'), size: 1 }),
    );
    expect(error).toMatchObject({
      code: 'E_DENIED',
      message: expect.stringContaining(`${storage.host} answered 401`),
    });
    expect(error.message).not.toContain('secret');
    expect(storage.requests).toHaveLength(1);
  });

  it('that go round in circles are E_PROTOCOL', async () => {
    const server = await scriptedServer(() => ({ status: 307, headers: { location: '?sig=secret' } }));
    const error = await failureOf(testRepository(server).resolve('latest'));
    expect(error).toMatchObject({
      code: 'E_PROTOCOL',
      message: expect.stringContaining('more than 5 times'),
    });
    expect(error.message).not.toContain('secret');
    expect(server.requests).toHaveLength(6);
  });

  it.each(['', 'ftp://x/', 'http://['])('to "%s" are E_PROTOCOL', async (location) => {
    const server = await scriptedServer(() => ({ status: 307, headers: { location } }));
    const attempt = failureOf(testRepository(server, once).resolve('latest'));
    expect(await attempt).toMatchObject({ code: 'E_PROTOCOL' });
  });

  it.each([
    'http://169.254.169.254/metadata',
    'http://0xa9fea9fe/metadata',
    'http://2852039166/metadata',
    'http://[fe80::1]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://168.63.129.16/',
  ])('to %s are not followed', async (location) => {
    const server = await scriptedServer(() => ({ status: 307, headers: { location } }));
    expect(await failureOf(testRepository(server).resolve('latest'))).toMatchObject({
      code: 'E_DENIED',
      message: expect.stringMatching(/^Could not resolve .* link-local or metadata address/),
    });
  });

  it('of a write that may change its method are not followed', async () => {
    const server = await scriptedServer(() => ({ status: 302, headers: { location: '/elsewhere' } }));
    expect(await failureOf(testRepository(server).deleteManifest('latest'))).toMatchObject({
      code: 'E_PROTOCOL',
      status: 302,
    });
  });
});

describe('a registry at a private address', () => {
  it('is refused unless it is configured', async () => {
    expect(await failureOf(testClient().ping('10.255.255.1:5000'))).toMatchObject({
      code: 'E_DENIED',
      message: expect.stringContaining('registries: { "10.255.255.1:5000": { private: true } }'),
    });
  });

  it('is reached when it is configured', async () => {
    // An address of this machine's loopback that is not loopback by name, where nothing listens.
    const registry = '[::ffff:7f00:1]:1';
    const client = testClient({ ...once, registrySettings: (name) => ({ private: name === registry }) });
    expect(await failureOf(client.ping(registry))).toMatchObject({ code: 'E_NETWORK' });
    expect(await failureOf(testClient(once).ping(registry))).toMatchObject({ code: 'E_DENIED' });
  });
});
