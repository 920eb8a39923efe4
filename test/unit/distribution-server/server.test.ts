import { describe, expect, it } from 'vitest';
import { DistributionError, tokenAuthorizer } from '../../../shared/distribution-server/index.ts';
import { BudgetError, RegistryError, TransportError } from '../../../shared/errors.ts';
import { DIGEST, pushBlob, pushImage, TEXT } from './content.ts';
import { type Sent, type ServerUnderTest, serve } from './serve.ts';

const UPLOAD = '0b0e7b3c-1d7a-4d7e-9a52-4a4c4ed7a0b5';

describe('a server that only serves pulls', () => {
  async function readOnly(): Promise<ServerUnderTest> {
    const full = serve();
    await pushImage(full, 'a', '1');
    return serve(({ pull }) => ({ pull }), full.storage);
  }

  it.each([
    ['GET', '/v2/'],
    ['GET', '/v2/a/manifests/1'],
    ['HEAD', '/v2/a/manifests/1'],
    ['GET', `/v2/a/blobs/${DIGEST}`],
    ['GET', '/v2/a/tags/list'],
    ['GET', `/v2/a/referrers/${DIGEST}`],
  ])('answers %s %s', async (method, path) => {
    expect(await (await readOnly()).send(method, path)).toMatchObject({ status: 200 });
  });

  it.each([
    ['PUT', '/v2/a/manifests/1', 'GET, HEAD'],
    ['DELETE', '/v2/a/manifests/1', 'GET, HEAD'],
    ['DELETE', `/v2/a/blobs/${DIGEST}`, 'GET, HEAD'],
    ['POST', '/v2/a/blobs/uploads/', ''],
    ['POST', `/v2/a/blobs/uploads/?mount=${DIGEST}&from=a`, ''],
    ['PATCH', `/v2/a/blobs/uploads/${UPLOAD}`, ''],
    ['PUT', `/v2/a/blobs/uploads/${UPLOAD}?digest=${DIGEST}`, ''],
    ['GET', `/v2/a/blobs/uploads/${UPLOAD}`, ''],
  ])('answers %s %s with 405, and names the methods it serves: "%s"', async (method, path, allow) => {
    const server = await readOnly();
    expect(await server.send(method, path, { body: TEXT })).toMatchObject({
      status: 405,
      codes: ['UNSUPPORTED'],
      headers: { Allow: allow },
    });
    expect(await server.send('GET', '/v2/a/manifests/1')).toMatchObject({ status: 200 });
  });

  it.each(['/v2/_catalog', '/token'])('has nothing at %s', async (path) => {
    expect(await (await readOnly()).send('GET', path)).toMatchObject({ status: 404, codes: ['UNSUPPORTED'] });
  });
});

describe('a method', () => {
  it.each(['PATCH', 'OPTIONS', 'TRACE', 'BREW', 'get', '', 'constructor', '__proto__', 'x'.repeat(10_000)])(
    'that an endpoint does not have is refused: %s',
    async (method) => {
      const { status, codes, headers, text } = await serve().send(method, '/v2/a/manifests/1');
      expect([status, codes, headers.Allow]).toEqual([405, ['UNSUPPORTED'], 'GET, HEAD, PUT, DELETE']);
      expect(text.length).toBeLessThan(500);
    },
  );
});

describe('access', () => {
  const login = { username: 'robot', password: 'correct horse' };
  let time = 1_000_000;
  const authorizer = tokenAuthorizer({
    ...login,
    anonymousPull: false,
    lifetimeSeconds: 60,
    realm: 'https://cache.example/token',
    service: 'cache.example',
    now: () => time,
  });
  const protectedServer = () => serve((storage) => ({ ...storage, authorizer }));
  const basic = `Basic ${Buffer.from('robot:correct horse').toString('base64')}`;

  async function token({ send }: ServerUnderTest, scope: string): Promise<Sent> {
    const query = new URLSearchParams({ service: 'cache.example', scope });
    const { text } = await send('GET', `/token?${query}`, { headers: { authorization: basic } });
    return { headers: { authorization: `Bearer ${JSON.parse(text).token}` } };
  }

  it.each([
    ['GET', '/v2/', undefined],
    ['HEAD', '/v2/a/manifests/1', 'repository:a:pull'],
    ['GET', `/v2/a/blobs/${DIGEST}`, 'repository:a:pull'],
    ['GET', '/v2/a/tags/list', 'repository:a:pull'],
    ['GET', `/v2/a/referrers/${DIGEST}`, 'repository:a:pull'],
    ['PUT', '/v2/a/manifests/1', 'repository:a:pull,push'],
    ['POST', '/v2/a/blobs/uploads/', 'repository:a:pull,push'],
    ['PATCH', `/v2/a/blobs/uploads/${UPLOAD}`, 'repository:a:pull,push'],
    ['GET', `/v2/a/blobs/uploads/${UPLOAD}`, 'repository:a:pull,push'],
    ['DELETE', '/v2/a/manifests/1', 'repository:a:delete'],
    ['DELETE', `/v2/a/blobs/${DIGEST}`, 'repository:a:delete'],
    ['GET', '/v2/_catalog', 'registry:catalog:*'],
  ])(
    'is challenged for %s %s with scope %s, and granted with a token for it',
    async (method, path, scope) => {
      const server = protectedServer();
      const refused = await server.send(method, path);
      const realm = 'Bearer realm="https://cache.example/token",service="cache.example"';
      expect([refused.status, refused.headers['WWW-Authenticate']]).toEqual([
        401,
        scope === undefined ? realm : `${realm},scope="${scope}"`,
      ]);
      const granted = await server.send(method, path, await token(server, scope ?? ''));
      expect(granted.status).not.toBe(401);
    },
  );

  it('is refused to a token for something else, from elsewhere, changed, or expired', async () => {
    const server = protectedServer();
    const pull = await token(server, 'repository:a:pull');
    const statusWith = async (path: string, sent: Sent) => {
      const { status, headers } = await server.send('GET', path, sent);
      return [status, /error="(\w+)"/.exec(headers['WWW-Authenticate'] ?? '')?.[1]];
    };
    expect(await statusWith('/v2/b/tags/list', pull)).toEqual([401, 'insufficient_scope']);
    for (const authorization of ['Bearer e30.AAAA', 'Bearer', 'Bearer a.b.c', basic, 'x'.repeat(10_000)]) {
      const sent = { headers: { authorization } };
      expect(await statusWith('/v2/a/tags/list', sent)).toEqual([401, 'invalid_token']);
    }
    time += 60_000;
    expect(await statusWith('/v2/a/tags/list', pull)).toEqual([401, 'invalid_token']);
  });

  it('is checked before the body is read', async () => {
    let isRead = false;
    async function* body() {
      isRead = true;
      yield Buffer.from('{}');
    }
    expect(await protectedServer().send('PUT', '/v2/a/manifests/1', { body: body() })).toMatchObject({
      status: 401,
      codes: ['UNAUTHORIZED'],
    });
    expect(isRead).toBe(false);
  });

  it('to the source decides whether a mount is one', async () => {
    const server = protectedServer();
    await pushBlob(serve(undefined, server.storage), 'secret');
    const mount = `/v2/mine/blobs/uploads/?mount=${DIGEST}&from=secret`;
    const scope = 'repository:mine:pull,push';
    expect(await server.send('POST', mount, await token(server, scope))).toMatchObject({ status: 202 });
    const both = await token(server, `${scope} repository:secret:pull`);
    expect(await server.send('POST', mount, both)).toMatchObject({ status: 201 });
  });

  it('is not given for a wrong password', async () => {
    const headers = { authorization: `Basic ${Buffer.from('robot:wrong').toString('base64')}` };
    expect(await protectedServer().send('GET', '/token?scope=repository:a:pull', { headers })).toMatchObject({
      status: 401,
    });
  });
});

describe('a failure of the storage', () => {
  const failing = (error: unknown) => serve(() => ({ pull: { repository: () => Promise.reject(error) } }));

  it.each<[string, Error, number, string, string | undefined]>([
    ['in the words of the protocol', new DistributionError('DENIED', 'no'), 403, 'DENIED', undefined],
    [
      'with a rate limit',
      new RegistryError('E_RATE_LIMITED', 'slow down', { retryAfterMs: 1500 }),
      429,
      'TOOMANYREQUESTS',
      '2',
    ],
    [
      'with a budget',
      new BudgetError('docker.io', new Date('2026-12-01T10:00:00Z'), 1, 'later'),
      429,
      'TOOMANYREQUESTS',
      'Tue, 01 Dec 2026 10:00:00 GMT',
    ],
    ['that denies access', new RegistryError('E_DENIED', 'no'), 403, 'DENIED', undefined],
    ['that is down', new RegistryError('E_UNAVAILABLE', 'down'), 503, 'UNAVAILABLE', undefined],
    ['that is too slow', new TransportError('E_TIMEOUT', 'slow'), 504, 'UNAVAILABLE', undefined],
    ['that cannot be reached', new TransportError('E_NETWORK', 'gone'), 502, 'UNAVAILABLE', undefined],
  ])('%s has a status and a reason', async (_, error, status, code, retryAfter) => {
    const server = failing(error);
    const answer = await server.send('GET', '/v2/a/tags/list');
    expect([answer.status, answer.codes, answer.headers['Retry-After']]).toEqual([
      status,
      [code],
      retryAfter,
    ]);
    expect(JSON.parse(answer.text).errors[0].message).toBe(error.message);
    expect(server.unexpected).toEqual([]);
  });

  it('of any other kind is told to the operator only', async () => {
    const error = new Error('EACCES: /srv/secret');
    const server = failing(error);
    const answer = await server.send('GET', '/v2/a/tags/list');
    expect([answer.status, answer.codes]).toEqual([500, ['UNKNOWN']]);
    expect(answer.text).not.toContain('secret');
    expect(server.unexpected).toEqual([error]);
  });

  it('that is the end of an aborted request is nothing to report', async () => {
    const server = failing(new Error('aborted'));
    await server.send('GET', '/v2/a/tags/list', { signal: AbortSignal.abort() });
    expect(server.unexpected).toEqual([]);
  });
});

describe('a response', () => {
  it('cannot be split by what is stored', async () => {
    const mediaType = 'application/x\r\nSet-Cookie: a=b';
    const manifest = { mediaType, digest: DIGEST, size: 0, read: async () => new Uint8Array() };
    const repository = {
      findManifest: async () => manifest,
      findBlob: async () => undefined,
      tags: async () => [],
      referrers: async () => [],
    };
    const { headers } = await serve(() => ({ pull: { repository: async () => repository } })).send(
      'GET',
      '/v2/a/manifests/1',
    );
    expect(headers['Content-Type']).toBe('application/x??Set-Cookie: a=b');
  });

  it('has the error body of the spec, with a bounded quote of what was sent', async () => {
    const server = serve();
    const { headers, text } = await server.send('GET', `/v2/${'A'.repeat(1500)}/tags/list`);
    expect(headers['Content-Type']).toBe('application/json');
    expect(JSON.parse(text)).toEqual({ errors: [{ code: 'NAME_INVALID', message: expect.any(String) }] });
    expect(text.length).toBeLessThan(500);
  });

  it('says what it is about, for logs, also when it is a refusal', async () => {
    const { send } = serve();
    const path = '/v2/base/node/manifests/22';
    const route = { kind: 'manifest', repository: 'base/node', reference: '22' };
    expect(await send('HEAD', path)).toMatchObject({ status: 404, route });
    expect(await send('BREW', path)).toMatchObject({ status: 405, route });
    expect((await send('GET', '/elsewhere')).route).toBeUndefined();
  });
});
