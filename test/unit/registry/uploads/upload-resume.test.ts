import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import { createUploadSessions, type UploadRecord } from '../../../../shared/imports/upload-sessions.ts';
import type { RegistryClientOptions } from '../../../../shared/registry/index.ts';
import { createMemoryRecords } from '../../../helpers/memory-records.ts';
import {
  type RecordedRequest,
  type Scripted,
  type ScriptedServer,
  scriptedServer,
} from '../../../helpers/scripted-server.ts';
import { bytesOf, FakeTiming, failureOf, testRepository } from '../client-under-test.ts';

const TEXT = 'abcdefghij';
const BLOB = { digest: digestOf(TEXT), size: TEXT.length };
const UPLOADS = '/v2/acme/app/blobs/uploads/';
const LIMITS = { resumableBytes: 8, chunkBytes: 4 };
const whole = async () => bytesOf('abc', 'defgh', 'ij');

interface Fakes {
  readonly server: ScriptedServer;
  /** What arrived, by session. */
  readonly arrived: Map<string, string>;
}

/** A registry that takes chunks, except where `script` answers for it. Locations are signed, as distribution's are. */
async function chunkRegistry(
  script: (request: RecordedRequest, fakes: Fakes) => Scripted | undefined = () => undefined,
  minChunk?: number,
): Promise<Fakes> {
  const arrived = new Map<string, string>();
  const stored = new Set<string>();
  let begun = 0;
  const fakes: Fakes = {
    arrived,
    server: await scriptedServer((request) => {
      const scripted = script(request, fakes);
      if (scripted) return scripted;
      const { method, path, query, headers, body } = request;
      if (method === 'HEAD') return { status: stored.has(path) ? 200 : 404 };
      if (method === 'POST') {
        begun += 1;
        const path = `${UPLOADS}${begun}`;
        arrived.set(path, '');
        return {
          status: 202,
          headers: {
            location: `${path}?_state=s3cret-0`,
            ...(minChunk !== undefined && { 'oci-chunk-min-length': String(minChunk) }),
          },
        };
      }
      const before = arrived.get(path);
      if (before === undefined) return { status: 404, body: { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] } };
      if (method === 'DELETE') {
        arrived.delete(path);
        return { status: 204 };
      }
      if (method === 'PUT') {
        if (before + body !== TEXT) return { status: 400, body: { errors: [{ code: 'DIGEST_INVALID' }] } };
        stored.add(`/v2/acme/app/blobs/${query.get('digest')}`);
        return { status: 201 };
      }
      const range = headers['content-range'];
      if (range !== undefined && Number(range.split('-')[0]) !== before.length) return { status: 416 };
      const after = method === 'PATCH' ? before + body.toString() : before;
      arrived.set(path, after);
      return {
        status: method === 'PATCH' ? 202 : 204,
        headers: {
          location: `${path}?_state=s3cret-${after.length}`,
          range: `0-${Math.max(0, after.length - 1)}`,
        },
      };
    }),
  };
  return fakes;
}

/** Workers that share one table and one clock. */
function workers() {
  const records = createMemoryRecords<UploadRecord>();
  const timing = new FakeTiming();
  const sessions = createUploadSessions(records, () => new Date(timing.now()));
  return {
    records,
    timing,
    sessions,
    push: (
      { server }: Fakes,
      open: () => Promise<AsyncIterable<Uint8Array>> = whole,
      { signal, onBytes, limits }: PushOptions = {},
    ) =>
      testRepository(server, { limits: { ...LIMITS, ...limits }, timing }).pushBlob(BLOB, open, {
        sessions,
        signal,
        onBytes,
      }),
  };
}

interface PushOptions extends Pick<RegistryClientOptions, 'limits'> {
  readonly signal?: AbortSignal;
  readonly onBytes?: (count: number) => void;
}

const patches = ({ server }: Fakes) =>
  server.requests
    .filter(({ method }) => method === 'PATCH')
    .map(({ headers, body, path }) => `${path.at(-1)} ${headers['content-range'] ?? 'all'} ${body}`);

/** Gives so many bytes and then nothing, as a worker that dies does. Resolves `stuck` then. */
function stuckAfter(count: number) {
  const stuck = Promise.withResolvers<void>();
  const never = Promise.withResolvers<void>();
  onTestFinished(() => never.resolve());
  return {
    stuck: stuck.promise,
    open: async () =>
      (async function* () {
        yield Buffer.from(TEXT.slice(0, count));
        yield Buffer.from(TEXT.slice(count, count));
        stuck.resolve();
        await never.promise;
      })(),
  };
}

describe('a large upload whose worker dies', () => {
  it('is gone on with by the next, which sends only what is missing', async () => {
    const fakes = await chunkRegistry();
    const { push, timing, records } = workers();
    const dying = stuckAfter(8);
    push(fakes, dying.open).catch(() => {});
    await dying.stuck;
    await expect.poll(() => patches(fakes)).toHaveLength(2);
    timing.pass(61_000);

    const moved: number[] = [];
    expect(await push(fakes, whole, { onBytes: (count) => moved.push(count) })).toBe('uploaded');
    expect(patches(fakes)).toEqual(['1 0-3 abcd', '1 4-7 efgh', '1 8-9 ij']);
    expect(moved.reduce((sum, count) => sum + count)).toBe(BLOB.size);
    expect(records.contents()).toEqual({});
  });

  it('is left alone by a second worker as long as it may be alive: that one uploads by itself', async () => {
    const fakes = await chunkRegistry();
    const { push } = workers();
    const slow = stuckAfter(8);
    push(fakes, slow.open).catch(() => {});
    await slow.stuck;
    await expect.poll(() => patches(fakes)).toHaveLength(2);

    expect(await push(fakes)).toBe('uploaded');
    expect(patches(fakes)).toHaveLength(2);
    expect(fakes.server.requests.at(-1)).toMatchObject({
      method: 'PUT',
      path: `${UPLOADS}2`,
      body: Buffer.from(TEXT),
    });
  });
});

it('an upload that is aborted can be gone on with at once', async () => {
  const fakes = await chunkRegistry();
  const { push } = workers();
  const stopping = stuckAfter(8);
  const stop = new AbortController();
  const stopped = failureOf(push(fakes, stopping.open, { signal: stop.signal }));
  await stopping.stuck;
  await expect.poll(() => patches(fakes)).toHaveLength(2);
  stop.abort(new Error('The host shuts down.'));
  expect(await stopped).toMatchObject({ message: 'The host shuts down.' });

  expect(await push(fakes)).toBe('uploaded');
  expect(patches(fakes)).toEqual(['1 0-3 abcd', '1 4-7 efgh', '1 8-9 ij']);
});

it('an upload that failed for a moment goes on in its session', async () => {
  let failures = 0;
  const fakes = await chunkRegistry(({ method, headers }) => {
    if (method !== 'PATCH' || headers['content-range'] !== '4-7' || failures > 0) return undefined;
    failures += 1;
    return { status: 503 };
  });
  const { push } = workers();
  expect(await push(fakes)).toBe('uploaded');
  expect(patches(fakes)).toEqual(['1 0-3 abcd', '1 4-7 efgh', '1 4-7 efgh', '1 8-9 ij']);
});

it('an upload that breaks at the same place each time ends, and tells nobody its location', async () => {
  const fakes = await chunkRegistry(({ method, headers }, { arrived }) => {
    if (method === 'GET') arrived.clear();
    return method === 'PATCH' && headers['content-range'] === '4-7' ? { status: 503 } : undefined;
  });
  const { push, records } = workers();
  const error = await failureOf(push(fakes));
  expect(error).toMatchObject({ code: 'E_UNAVAILABLE' });
  expect(error.message).not.toContain('s3cret');
  expect(patches(fakes)).toHaveLength(2 * 4);
  expect(JSON.stringify(records.contents())).toContain('s3cret');
});

it('chunks are as large as the registry wants them', async () => {
  const fakes = await chunkRegistry(undefined, 6);
  expect(await workers().push(fakes)).toBe('uploaded');
  expect(patches(fakes)).toEqual(['1 0-5 abcdef', '1 6-9 ghij']);
});

it('a small upload is not written down', async () => {
  const fakes = await chunkRegistry();
  const { push, sessions } = workers();
  await sessions.claim({ registry: fakes.server.host, repository: 'acme/app', digest: BLOB.digest });
  expect(await push(fakes, whole, { limits: { resumableBytes: 11 } })).toBe('uploaded');
  expect(patches(fakes)).toEqual([]);
});

it('wrong bytes leave neither a session nor a record', async () => {
  const fakes = await chunkRegistry();
  const { push, records } = workers();
  expect(await failureOf(push(fakes, async () => bytesOf('abcdefgh', '?!')))).toMatchObject({
    code: 'E_DIGEST_MISMATCH',
  });
  expect(fakes.arrived.size).toBe(0);
  expect(records.contents()).toEqual({});
});

describe('a kept session that is of no use', () => {
  /** A worker left a session of eight bytes behind, as a registry that answers by `script` has it. */
  async function left(
    script: Parameters<typeof chunkRegistry>[0] = undefined,
    kept: { size?: number; location?: string } = {},
  ) {
    const fakes = await chunkRegistry(script);
    const shared = workers();
    fakes.arrived.set(`${UPLOADS}7`, 'abcdefgh');
    const claim = await shared.sessions.claim({
      registry: fakes.server.host,
      repository: 'acme/app',
      digest: BLOB.digest,
    });
    await claim?.save({
      location: `${fakes.server.url}${UPLOADS}7?_state=s3cret-8`,
      offset: 8,
      size: BLOB.size,
      chunkBytes: 4,
      savedAt: new Date(shared.timing.now()),
      ...kept,
    });
    await claim?.release();
    return { fakes, ...shared };
  }

  const anew = ['1 0-3 abcd', '1 4-7 efgh', '1 8-9 ij'];
  const asksProgress = ({ method }: RecordedRequest) => method === 'GET';

  it('is what these tests are about: this one is of use', async () => {
    const { fakes, push } = await left();
    await push(fakes);
    expect(patches(fakes)).toEqual(['7 8-9 ij']);
  });

  it('because it is an hour old is cancelled and begun anew', async () => {
    const { fakes, push, timing, records } = await left();
    timing.pass(3_601_000);
    expect(await push(fakes)).toBe('uploaded');
    expect(patches(fakes)).toEqual(anew);
    expect(fakes.server.log).toContain(`DELETE ${UPLOADS}7`);
    expect(records.contents()).toEqual({});
  });

  it('because it is of another size is begun anew', async () => {
    const { fakes, push } = await left(undefined, { size: 11 });
    expect(await push(fakes)).toBe('uploaded');
    expect(fakes.server.log.filter((line) => line.startsWith('GET'))).toEqual([]);
  });

  it('because its location would leave the rules is never asked', async () => {
    const { fakes, push } = await left(undefined, { location: 'file:///etc/passwd' });
    expect(await push(fakes)).toBe('uploaded');
    expect(fakes.server.log.filter((line) => line.startsWith('GET'))).toEqual([]);
  });

  it.each([404, 416, 403, 400])('because the registry answers %i is begun anew', async (status) => {
    const { fakes, push } = await left((request) => (asksProgress(request) ? { status } : undefined));
    expect(await push(fakes)).toBe('uploaded');
    expect(patches(fakes)).toEqual(anew);
  });

  it.each([undefined, '0-0', '0-10', '5-9', 'bytes=none'])(
    'because the registry says that %s arrived is begun anew',
    async (range) => {
      const { fakes, push } = await left((request) =>
        asksProgress(request) ? { status: 204, headers: range === undefined ? {} : { range } } : undefined,
      );
      expect(await push(fakes)).toBe('uploaded');
      expect(patches(fakes)).toEqual(anew);
    },
  );

  it('because other bytes arrived in it is begun anew', async () => {
    const { fakes, push } = await left();
    fakes.arrived.set(`${UPLOADS}7`, '????????');
    expect(await push(fakes)).toBe('uploaded');
    expect(fakes.server.requests.at(-1)).toMatchObject({ method: 'PUT' });
    expect(patches(fakes).slice(1)).toEqual(anew);
  });

  it('because the registry says nothing of it is left, and another begun', async () => {
    const { fakes, push, records } = await left((request) =>
      asksProgress(request) ? () => new Promise<void>(() => {}) : undefined,
    );
    expect(await push(fakes, whole, { limits: { idleTimeoutMs: 100 } })).toBe('uploaded');
    expect(patches(fakes)).toEqual(anew);
    expect(records.contents()).toEqual({});
  });

  it('is not one of which a registry that is down for a moment says nothing', async () => {
    let asked = 0;
    const { fakes, push } = await left((request) =>
      asksProgress(request) && ++asked === 1 ? { status: 503 } : undefined,
    );
    expect(await push(fakes)).toBe('uploaded');
    expect(patches(fakes)).toEqual(['7 8-9 ij']);
  });
});

describe('a registry that does not take to chunks', () => {
  const all = (fakes: Fakes) => fakes.server.requests.at(-1);
  const inOne = { method: 'PUT', body: Buffer.from(TEXT) };

  it.each([400, 404, 405, 413, 416])('and answers %i to one gets the blob in one request', async (status) => {
    const fakes = await chunkRegistry(({ method, headers }) =>
      method === 'PATCH' && headers['content-range'] === '4-7' ? { status } : undefined,
    );
    const { push, records } = workers();
    expect(await push(fakes)).toBe('uploaded');
    expect(all(fakes)).toMatchObject(inOne);
    expect(fakes.server.log).toContain(`DELETE ${UPLOADS}1`);
    expect(records.contents()).toEqual({});
  });

  it('and loses count gets the blob in one request', async () => {
    const fakes = await chunkRegistry(({ method, path }) =>
      method === 'PATCH' ? { status: 202, headers: { location: path, range: '0-1' } } : undefined,
    );
    expect(await workers().push(fakes)).toBe('uploaded');
    expect(all(fakes)).toMatchObject(inOne);
  });
});

it('a worker that was thought dead leaves the session to the one that took it', async () => {
  const { push, timing, sessions } = workers();
  let taken: Promise<unknown> | undefined;
  const fakes = await chunkRegistry(({ method, headers }, { server }) => {
    if (method === 'PATCH' && headers['content-range'] === '4-7' && !taken) {
      timing.pass(61_000);
      taken = sessions.claim({ registry: server.host, repository: 'acme/app', digest: BLOB.digest });
    }
    return undefined;
  });
  expect(await push(fakes)).toBe('uploaded');
  expect(await taken).toMatchObject({ saved: { offset: 4 } });
  expect(fakes.server.log.filter((line) => line.startsWith('DELETE'))).toEqual([]);
  expect(fakes.arrived.get(`${UPLOADS}1`)).toBe('abcdefgh');
});
