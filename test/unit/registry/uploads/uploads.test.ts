import { describe, expect, it } from 'vitest';
import { digestOf, OCI_CONFIG } from '../../../../shared/content/index.ts';
import { IntegrityError, TransportError } from '../../../../shared/errors.ts';
import type { RegistryClientOptions } from '../../../../shared/registry/index.ts';
import {
  type RecordedRequest,
  type Scripted,
  type ScriptedServer,
  scriptedServer,
} from '../../../helpers/scripted-server.ts';
import { bytesOf, FakeTiming, failureOf, JANE, testRepository } from '../client-under-test.ts';

const BLOB = { digest: digestOf('hello'), size: 5 };
const UPLOADS = '/v2/acme/app/blobs/uploads/';
const hello = async () => bytesOf('he', 'l', 'lo');

/** A registry that takes uploads, except where `script` answers for it. */
async function uploadRegistry(
  script: (request: RecordedRequest, server: ScriptedServer) => Scripted | undefined = () => undefined,
): Promise<ScriptedServer> {
  let sessions = 0;
  const server: ScriptedServer = await scriptedServer((request) => {
    const scripted = script(request, server);
    if (scripted) return scripted;
    if (request.method === 'HEAD') return { status: 404 };
    if (request.method === 'POST') {
      sessions += 1;
      return { status: 202, headers: { location: `${UPLOADS}${sessions}?_state=s%2F${sessions}` } };
    }
    if (request.method === 'PATCH') {
      return { status: 202, headers: { location: `${request.path}?_state=patched` } };
    }
    return { status: request.method === 'PUT' ? 201 : 204 };
  });
  return server;
}

const push = (
  server: ScriptedServer,
  open: () => Promise<AsyncIterable<Uint8Array>> = hello,
  {
    limits,
    ...options
  }: Parameters<ReturnType<typeof testRepository>['pushBlob']>[2] &
    Pick<RegistryClientOptions, 'limits'> = {},
) => testRepository(server, limits && { limits }).pushBlob(BLOB, open, options);

const counted = (open: (count: number) => Promise<AsyncIterable<Uint8Array>>) => {
  const counter = { opened: 0 };
  return {
    counter,
    open: () => {
      counter.opened += 1;
      return open(counter.opened);
    },
  };
};

describe('pushBlob', () => {
  it('needs HEAD, POST and one PUT', async () => {
    const server = await uploadRegistry();
    const progress: number[] = [];
    expect(await push(server, hello, { onBytes: (count) => progress.push(count) })).toBe('uploaded');
    expect(server.log).toEqual([
      `HEAD /v2/acme/app/blobs/${BLOB.digest}`,
      `POST ${UPLOADS}`,
      `PUT ${UPLOADS}1`,
    ]);
    expect(server.requests[2]).toMatchObject({
      url: `${UPLOADS}1?_state=s%2F1&digest=${encodeURIComponent(BLOB.digest)}`,
      headers: { 'content-length': '5', 'content-type': 'application/octet-stream' },
      body: Buffer.from('hello'),
    });
    expect(progress).toEqual([2, 1, 2]);
  });

  it('sends a larger blob by PATCH and follows the session', async () => {
    const server = await uploadRegistry();
    expect(await push(server, hello, { limits: { singlePutBytes: 4 } })).toBe('uploaded');
    expect(server.log.slice(2)).toEqual([`PATCH ${UPLOADS}1`, `PUT ${UPLOADS}1`]);
    expect(server.requests[2]?.body.toString()).toBe('hello');
    expect(server.requests[3]).toMatchObject({ headers: { 'content-length': '0' } });
    expect(server.requests[3]?.query.get('_state')).toBe('patched');
  });

  it('sends a blob of no bytes', async () => {
    const server = await uploadRegistry();
    const empty = { digest: digestOf(''), size: 0 };
    expect(await testRepository(server).pushBlob(empty, async () => bytesOf())).toBe('uploaded');
    expect(server.requests[2]?.headers['content-length']).toBe('0');
  });

  it.each([OCI_CONFIG, 'application/vnd.docker.container.image.v1+json'])(
    'sends an image config (%s) without asking for it',
    async (mediaType) => {
      const server = await uploadRegistry();
      expect(await testRepository(server).pushBlob({ ...BLOB, mediaType }, hello)).toBe('uploaded');
      expect(server.log).toEqual([`POST ${UPLOADS}`, `PUT ${UPLOADS}1`]);
    },
  );

  it.each([
    ['the empty config that artifacts share', { mediaType: 'application/vnd.oci.empty.v1+json', size: 5 }],
    ['a config larger than configs are', { mediaType: OCI_CONFIG, size: 64 * 1024 + 1 }],
    ['a layer', { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', size: 5 }],
  ])('asks for %s', async (_, as) => {
    const server = await uploadRegistry(({ method }) => (method === 'HEAD' ? { status: 200 } : undefined));
    expect(await testRepository(server).pushBlob({ ...BLOB, ...as }, hello)).toBe('existing');
    expect(server.log).toEqual([`HEAD /v2/acme/app/blobs/${BLOB.digest}`]);
  });

  it('sends nothing that is there already', async () => {
    const server = await uploadRegistry(({ method }) => (method === 'HEAD' ? { status: 200 } : undefined));
    const { counter, open } = counted(hello);
    expect(await push(server, open)).toBe('existing');
    expect(counter.opened).toBe(0);
    expect(server.requests).toHaveLength(1);
  });
});

describe('a mount', () => {
  const mount = { mountFrom: 'acme/base' };

  it('that succeeds costs one request', async () => {
    const server = await uploadRegistry(({ query }) => (query.has('mount') ? { status: 201 } : undefined));
    expect(await push(server, hello, mount)).toBe('mounted');
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `POST ${UPLOADS}?mount=${encodeURIComponent(BLOB.digest)}&from=acme%2Fbase`,
    ]);
  });

  it('that does not gives the session for the upload', async () => {
    const server = await uploadRegistry();
    expect(await push(server, hello, mount)).toBe('uploaded');
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'HEAD', 'PUT']);
  });

  it('that does not, of a blob that is there, leaves no session behind', async () => {
    const server = await uploadRegistry(({ method }) => (method === 'HEAD' ? { status: 200 } : undefined));
    expect(await push(server, hello, mount)).toBe('existing');
    expect(server.log.at(-1)).toBe(`DELETE ${UPLOADS}1`);
  });

  it('that is refused becomes an upload', async () => {
    const server = await uploadRegistry(({ query }) => (query.has('mount') ? { status: 403 } : undefined));
    expect(await push(server, hello, mount)).toBe('uploaded');
  });

  it('from the repository itself is not tried', async () => {
    const server = await uploadRegistry();
    await push(server, hello, { mountFrom: 'acme/app' });
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'POST', 'PUT']);
  });

  it('asks for a token that may read there', async () => {
    const server: ScriptedServer = await scriptedServer((request) => {
      if (request.path === '/token') return { body: { token: 't' } };
      if (request.headers.authorization) return { status: 201 };
      return { status: 401, headers: { 'www-authenticate': `Bearer realm="http://${server.host}/token"` } };
    });
    await push(server, hello, mount);
    expect(server.requests[1]?.query.getAll('scope')).toEqual([
      'repository:acme/app:pull,push',
      'repository:acme/base:pull',
    ]);
  });
});

describe('an upload that breaks', () => {
  it('starts anew with the source opened again, after the old session is cancelled', async () => {
    const server = await uploadRegistry(({ path, method }) =>
      method === 'PUT' && path.endsWith('1') ? (response) => void response.destroy() : undefined,
    );
    const { counter, open } = counted(hello);
    expect(await push(server, open)).toBe('uploaded');
    expect(counter.opened).toBe(2);
    expect(server.log.slice(2)).toEqual([
      `PUT ${UPLOADS}1`,
      `DELETE ${UPLOADS}1`,
      `HEAD /v2/acme/app/blobs/${BLOB.digest}`,
      `POST ${UPLOADS}`,
      `PUT ${UPLOADS}2`,
    ]);
  });

  it('after longer than the budget of a request is repeated all the same', async () => {
    const timing = new FakeTiming();
    const server = await uploadRegistry(({ path, method }) => {
      if (method !== 'PUT' || !path.endsWith('1')) return undefined;
      timing.pass(600_000);
      return { status: 500 };
    });
    expect(await testRepository(server, { timing }).pushBlob(BLOB, hello)).toBe('uploaded');
  });

  it('only by losing the answer is not repeated', async () => {
    let isStored = false;
    const server = await uploadRegistry(({ method }) => {
      if (method === 'HEAD') return { status: isStored ? 200 : 404 };
      if (method !== 'PUT') return undefined;
      isStored = true;
      return { status: 500 };
    });
    const { counter, open } = counted(hello);
    expect(await push(server, open)).toBe('uploaded');
    expect(counter.opened).toBe(1);
  });

  it('because the session is gone starts anew', async () => {
    const server = await uploadRegistry(({ path, method }) =>
      method === 'PUT' && path.endsWith('1')
        ? { status: 404, body: { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] } }
        : undefined,
    );
    expect(await push(server)).toBe('uploaded');
  });

  it('again and again gives up with the last failure', async () => {
    const server = await uploadRegistry(({ method }) => (method === 'PUT' ? { status: 500 } : undefined));
    expect(await failureOf(push(server))).toMatchObject({
      code: 'E_UNAVAILABLE',
      message: expect.stringMatching(/^Could not upload blob .*answered 500/),
    });
    expect(server.log.filter((line) => line.startsWith('PUT'))).toHaveLength(4);
    expect(server.log.at(-1)).toMatch(/^DELETE/);
  });

  it('because it is refused is not repeated', async () => {
    const server = await uploadRegistry(({ method }) => (method === 'PUT' ? { status: 403 } : undefined));
    expect(await failureOf(push(server))).toMatchObject({ code: 'E_DENIED' });
    expect(server.log.filter((line) => line.startsWith('PUT'))).toHaveLength(1);
  });

  it('before it began is retried by the request only', async () => {
    const server = await uploadRegistry(({ method }) => (method === 'POST' ? { status: 503 } : undefined));
    const { counter, open } = counted(hello);
    expect(await failureOf(push(server, open))).toMatchObject({ code: 'E_UNAVAILABLE' });
    expect(server.log.filter((line) => line.startsWith('POST'))).toHaveLength(4);
    expect(counter.opened).toBe(1);
  });

  it('before it began lets go of the source, which was opened meanwhile', async () => {
    const closed = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    const server = await uploadRegistry(({ method }) =>
      method === 'POST'
        ? async (response) => {
            await opened.promise;
            response.writeHead(403).end();
          }
        : undefined,
    );
    const open = async () => {
      opened.resolve();
      const next = () => Promise.reject(new Error('Nobody should read.'));
      const stop = async () => {
        closed.resolve();
        return { done: true, value: undefined } as const;
      };
      return { [Symbol.asyncIterator]: () => ({ next, return: stop }) };
    };
    expect(await failureOf(push(server, open))).toMatchObject({ code: 'E_DENIED' });
    await closed.promise;
  });

  it('because the answer came before the body was read is reported as that answer', async () => {
    const large = Buffer.alloc(4 * 1024 * 1024);
    const server: ScriptedServer = await scriptedServer(
      ({ method }) => {
        if (method === 'HEAD') return { status: 404 };
        if (method === 'POST') return { status: 202, headers: { location: '/u' } };
        return { status: 403, body: { errors: [{ code: 'DENIED', message: 'quota exceeded' }] } };
      },
      { ignoreBody: true },
    );
    const blob = { digest: digestOf(large), size: large.length };
    expect(await failureOf(testRepository(server).pushBlob(blob, async () => bytesOf(large)))).toMatchObject({
      code: 'E_DENIED',
      registryCodes: ['DENIED'],
    });
  });

  it('because nobody reads it is E_TIMEOUT', async () => {
    const large = Buffer.alloc(16 * 1024 * 1024);
    const server = await scriptedServer(
      ({ method }) => {
        if (method === 'PUT') return () => {};
        return method === 'POST' ? { status: 202, headers: { location: '/u' } } : { status: 404 };
      },
      { ignoreBody: true },
    );
    const limits = { attempts: 1, commitTimeoutMs: 200 };
    const blob = { digest: digestOf(large), size: large.length };
    const pushed = testRepository(server, { limits }).pushBlob(blob, async () =>
      bytesOf(large.subarray(0, 8 << 20), large.subarray(8 << 20)),
    );
    expect(await failureOf(pushed)).toMatchObject({ code: 'E_TIMEOUT' });
  });
});

describe('a source', () => {
  it('whose bytes turn out wrong at the very end never completes an upload, and is asked twice', async () => {
    const server = await uploadRegistry();
    const wrong = new IntegrityError('E_DIGEST_MISMATCH', 'wrong bytes');
    const { counter, open } = counted(async () =>
      (async function* () {
        yield* bytesOf('hel', 'lo');
        throw wrong;
      })(),
    );
    expect(await failureOf(push(server, open))).toBe(wrong);
    expect(counter.opened).toBe(2);
    expect(server.log.filter((line) => line.startsWith('PUT'))).toEqual([]);
    expect(server.log.filter((line) => line.startsWith('DELETE'))).toHaveLength(2);
  });

  it.each([
    ['too few', 'hell'],
    ['too many', 'hello!'],
  ])('that gives %s bytes is E_SIZE_MISMATCH', async (_what, text) => {
    const server = await uploadRegistry();
    expect(await failureOf(push(server, async () => bytesOf(text)))).toMatchObject({
      code: 'E_SIZE_MISMATCH',
    });
    expect(server.log.filter((line) => line.startsWith('PUT'))).toEqual([]);
  });

  it('that breaks off is opened again', async () => {
    const server = await uploadRegistry();
    const { counter, open } = counted(async (count) =>
      (async function* () {
        yield* bytesOf('hel');
        if (count === 1) throw new TransportError('E_NETWORK', 'reset');
        yield* bytesOf('lo');
      })(),
    );
    expect(await push(server, open)).toBe('uploaded');
    expect(counter.opened).toBe(2);
  });

  it('that cannot be opened fails as it says, and leaves no session', async () => {
    const server = await uploadRegistry();
    const failure = new TransportError('E_TIMEOUT', 'the source is down');
    const { counter, open } = counted(() => Promise.reject(failure));
    expect(await failureOf(push(server, open))).toBe(failure);
    expect(counter.opened).toBe(1);
    expect(server.log.at(-1)).toBe(`DELETE ${UPLOADS}1`);
  });

  it('is let go when the upload is aborted, even in the middle of a read', async () => {
    const server = await uploadRegistry();
    let released = 0;
    const open = async (): Promise<AsyncIterable<Uint8Array>> => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        async return() {
          released += 1;
          return { done: true, value: undefined };
        },
      }),
    });
    const abort = new AbortController();
    const pushed = failureOf(push(server, open, { signal: abort.signal }));
    await expect.poll(() => server.log.some((line) => line.startsWith('POST'))).toBe(true);
    abort.abort(new Error('stop'));
    expect((await pushed).message).toBe('stop');
    expect(released).toBe(1);
  });
});

describe('a registry', () => {
  it('that says the bytes are wrong is asked twice, then E_DIGEST_MISMATCH', async () => {
    const server = await uploadRegistry(({ method }) =>
      method === 'PUT' ? { status: 400, body: { errors: [{ code: 'DIGEST_INVALID' }] } } : undefined,
    );
    expect(await failureOf(push(server))).toMatchObject({
      name: 'IntegrityError',
      code: 'E_DIGEST_MISMATCH',
    });
    expect(server.log.filter((line) => line.startsWith('PUT'))).toHaveLength(2);
  });

  it('that stored something else is E_DIGEST_MISMATCH', async () => {
    const server = await uploadRegistry(({ method }) =>
      method === 'PUT' ? { status: 201, headers: { 'docker-content-digest': digestOf('other') } } : undefined,
    );
    expect(await failureOf(push(server))).toMatchObject({ code: 'E_DIGEST_MISMATCH' });
  });

  it('that does not say where the upload goes on is E_PROTOCOL', async () => {
    const server = await uploadRegistry(({ method }) => (method === 'POST' ? { status: 202 } : undefined));
    expect(await failureOf(push(server))).toMatchObject({
      code: 'E_PROTOCOL',
      message: expect.stringContaining('no usable Location'),
    });
  });

  it('that has uploads sent elsewhere does not get its credentials sent there', async () => {
    const storage = await scriptedServer(() => ({ status: 201 }));
    const server = await scriptedServer(({ method, headers }) => {
      if (!headers.authorization) return { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
      if (method === 'HEAD') return { status: 404 };
      return { status: 202, headers: { location: `${storage.url}/u?sig=secret` } };
    });
    await testRepository(server, { credentials: JANE }).pushBlob(BLOB, hello);
    expect(storage.requests.map(({ headers, method }) => [method, headers.authorization])).toEqual([
      ['PUT', undefined],
    ]);
  });

  it.each(['http://169.254.169.254/u', 'http://[64:ff9b::a9fe:a9fe]/u'])(
    'that has uploads sent to the metadata service at %s is not obeyed',
    async (location) => {
      const server = await scriptedServer(({ method }) =>
        method === 'HEAD' ? { status: 404 } : { status: 202, headers: { location } },
      );
      expect(await failureOf(push(server))).toMatchObject({
        code: 'E_DENIED',
        message: expect.stringContaining('link-local or metadata address'),
      });
    },
  );

  it('that wants a new token for the upload gets the bytes again', async () => {
    const server: ScriptedServer = await scriptedServer((request) => {
      if (request.path === '/token') return { body: { token: `t${server.requests.length}` } };
      const isOld =
        request.method === 'PUT' && !server.log.slice(0, -1).some((line) => line.startsWith('PUT'));
      if (!request.headers.authorization || isOld) {
        return { status: 401, headers: { 'www-authenticate': `Bearer realm="http://${server.host}/token"` } };
      }
      if (request.method === 'HEAD') return { status: 404 };
      return request.method === 'POST' ? { status: 202, headers: { location: '/u' } } : { status: 201 };
    });
    expect(await push(server)).toBe('uploaded');
    expect(server.requests.filter(({ method }) => method === 'PUT').map(({ body }) => String(body))).toEqual([
      'hello',
      'hello',
    ]);
  });
});
