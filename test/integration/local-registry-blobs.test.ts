import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Digest, digestOf, layoutBlobPath } from '../../shared/content/index.ts';
import { startTestRegistry, type TestRegistry } from '../helpers/test-registry.ts';

const TEXT = 'the quick brown fox jumps over the lazy dog';
const DIGEST = digestOf(TEXT);

function call(
  registry: TestRegistry,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(new URL(path, registry.url), { method, ...init });
}

async function startUpload(registry: TestRegistry, repository = 'base/node'): Promise<string> {
  const response = await call(registry, 'POST', `/v2/${repository}/blobs/uploads/`);
  expect(response.status).toBe(202);
  expect(response.headers.get('range')).toBe('0-0');
  return response.headers.get('location') ?? '';
}

async function push(registry: TestRegistry, text = TEXT, repository = 'base/node'): Promise<Digest> {
  const digest = digestOf(text);
  const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
  expect((await call(registry, 'POST', path, { body: text })).status).toBe(201);
  return digest;
}

async function refusal(response: Response): Promise<[number, string]> {
  const { errors } = JSON.parse(await response.text());
  return [response.status, errors[0].code];
}

function chunk(text: string, start: number): RequestInit {
  return { body: text, headers: { 'Content-Range': `${start}-${start + text.length - 1}` } };
}

describe('uploads to the local registry', () => {
  it('take a blob in one request', async () => {
    const registry = await startTestRegistry();
    const path = `/v2/base/node/blobs/uploads/?digest=${DIGEST}`;
    const response = await call(registry, 'POST', path, { body: TEXT });
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe(`/v2/base/node/blobs/${DIGEST}`);
    expect(await (await call(registry, 'GET', `/v2/base/node/blobs/${DIGEST}`)).text()).toBe(TEXT);
  });

  it('take a blob in two requests, by sha256 and by sha512', async () => {
    const registry = await startTestRegistry();
    for (const digest of [DIGEST, digestOf(TEXT, 'sha512')]) {
      const location = await startUpload(registry);
      expect((await call(registry, 'PUT', `${location}?digest=${digest}`, { body: TEXT })).status).toBe(201);
      const head = await call(registry, 'HEAD', `/v2/base/node/blobs/${digest}`);
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(TEXT.length)]);
    }
  });

  it('take a blob in chunks, the last of them with the request that ends it', async () => {
    const registry = await startTestRegistry();
    const location = await startUpload(registry);
    const first = await call(registry, 'PATCH', location, chunk(TEXT.slice(0, 10), 0));
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-9']);
    const second = await call(registry, 'PATCH', location, { body: TEXT.slice(10, 20) });
    expect([second.status, second.headers.get('range')]).toEqual([202, '0-19']);
    const status = await call(registry, 'GET', location);
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-19']);
    const end = await call(registry, 'PUT', `${location}?digest=${DIGEST}`, chunk(TEXT.slice(20), 20));
    expect(end.status).toBe(201);
    expect((await call(registry, 'GET', location)).status).toBe(404);
  });

  it('refuse a chunk that does not go on where the last one ended, and say where that is', async () => {
    const registry = await startTestRegistry();
    const location = await startUpload(registry);
    await call(registry, 'PATCH', location, chunk(TEXT.slice(0, 10), 0));
    for (const start of [0, 9, 11]) {
      const wrong = await call(registry, 'PATCH', location, chunk('x', start));
      expect([wrong.status, wrong.headers.get('range')]).toEqual([416, '0-9']);
      expect(wrong.headers.get('location')).toBe(location);
    }
    const end = await call(registry, 'PUT', `${location}?digest=${DIGEST}`, { body: TEXT.slice(10) });
    expect(end.status).toBe(201);
  });

  it('refuse a Content-Range that is malformed or disagrees with the length', async () => {
    const registry = await startTestRegistry();
    const location = await startUpload(registry);
    const malformed = await call(registry, 'PATCH', location, {
      body: 'x',
      headers: { 'Content-Range': 'all' },
    });
    expect(await refusal(malformed)).toEqual([400, 'BLOB_UPLOAD_INVALID']);
    const longer = await call(registry, 'PATCH', location, {
      body: 'x',
      headers: { 'Content-Range': '0-9' },
    });
    expect(await refusal(longer)).toEqual([400, 'SIZE_INVALID']);
  });

  it('refuse bytes that are not the ones the digest names, and forget them', async () => {
    const registry = await startTestRegistry();
    const location = await startUpload(registry);
    const wrong = await call(registry, 'PUT', `${location}?digest=${DIGEST}`, { body: 'something else' });
    expect(await refusal(wrong)).toEqual([400, 'DIGEST_INVALID']);
    expect((await call(registry, 'GET', location)).status).toBe(404);
    const nonsense = await call(registry, 'PUT', `${await startUpload(registry)}?digest=sha1:0`, {
      body: TEXT,
    });
    expect(await refusal(nonsense)).toEqual([400, 'DIGEST_INVALID']);
    expect((await call(registry, 'HEAD', `/v2/base/node/blobs/${DIGEST}`)).status).toBe(404);
  });

  it('can be given up, and belong to one repository', async () => {
    const registry = await startTestRegistry();
    const location = await startUpload(registry);
    const elsewhere = location.replace('base/node', 'base/ruby');
    expect(await refusal(await call(registry, 'GET', elsewhere))).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    expect((await call(registry, 'DELETE', location)).status).toBe(204);
    expect(await refusal(await call(registry, 'PATCH', location, { body: 'x' }))).toEqual([
      404,
      'BLOB_UPLOAD_UNKNOWN',
    ]);
    expect((await call(registry, 'DELETE', location)).status).toBe(404);
  });

  it('go on after a connection that broke in the middle', async () => {
    const registry = await startTestRegistry();
    const location = await startUpload(registry);
    const broken = request(new URL(location, registry.url), {
      method: 'PATCH',
      headers: { 'Content-Length': String(TEXT.length) },
    });
    broken.on('error', () => undefined);
    broken.write(TEXT.slice(0, 10));
    await expect.poll(() => fileSize(registry, location)).toBe(10);
    const closed = new Promise((resolve) => broken.once('close', resolve));
    broken.destroy();
    await closed;

    const status = await call(registry, 'GET', location);
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-9']);
    const rest = await call(registry, 'PATCH', location, chunk(TEXT.slice(10), 10));
    expect(rest.status).toBe(202);
    expect((await call(registry, 'PUT', `${location}?digest=${DIGEST}`)).status).toBe(201);
  });
});

describe('blobs in the local registry', () => {
  it('come in parts', async () => {
    const registry = await startTestRegistry();
    const path = `/v2/base/node/blobs/${await push(registry)}`;
    const part = await call(registry, 'GET', path, { headers: { Range: 'bytes=4-8' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 4-8/${TEXT.length}`]);
    expect(await part.text()).toBe('quick');
    const end = await call(registry, 'GET', path, { headers: { Range: 'bytes=-3' } });
    expect(await end.text()).toBe('dog');
    const outside = await call(registry, 'GET', path, { headers: { Range: 'bytes=1000-' } });
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, `bytes */${TEXT.length}`]);
  });

  it('may be empty', async () => {
    const registry = await startTestRegistry();
    const response = await call(registry, 'GET', `/v2/base/node/blobs/${await push(registry, '')}`);
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('that are not there are BLOB_UNKNOWN', async () => {
    const registry = await startTestRegistry();
    await push(registry);
    const path = `/v2/base/node/blobs/sha256:${'0'.repeat(64)}`;
    expect(await refusal(await call(registry, 'GET', path))).toEqual([404, 'BLOB_UNKNOWN']);
    expect(await refusal(await call(registry, 'DELETE', path))).toEqual([404, 'BLOB_UNKNOWN']);
  });

  it('of another repository are mounted without a byte more on disk', async () => {
    const registry = await startTestRegistry();
    await push(registry);
    const mount = `/v2/apps/shop/blobs/uploads/?mount=${DIGEST}&from=base/node`;
    const mounted = await call(registry, 'POST', mount);
    expect([mounted.status, mounted.headers.get('docker-content-digest')]).toEqual([201, DIGEST]);
    expect(await (await call(registry, 'GET', `/v2/apps/shop/blobs/${DIGEST}`)).text()).toBe(TEXT);
    const files = ['base/node', 'apps/shop'].map((name) =>
      join(registry.folder, name, layoutBlobPath(DIGEST)),
    );
    const [one, other] = await Promise.all(files.map((file) => stat(file)));
    expect(one?.ino).toBe(other?.ino);
  });

  it('that cannot be mounted are asked for instead', async () => {
    const registry = await startTestRegistry();
    const mount = `/v2/apps/shop/blobs/uploads/?mount=${DIGEST}&from=base/node`;
    const response = await call(registry, 'POST', mount);
    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toMatch(/^\/v2\/apps\/shop\/blobs\/uploads\/[0-9a-f-]{36}$/);
  });

  it('are deleted from one repository and stay in the others', async () => {
    const registry = await startTestRegistry();
    await push(registry);
    await push(registry, TEXT, 'apps/shop');
    expect((await call(registry, 'DELETE', `/v2/base/node/blobs/${DIGEST}`)).status).toBe(202);
    expect((await call(registry, 'HEAD', `/v2/base/node/blobs/${DIGEST}`)).status).toBe(404);
    expect((await call(registry, 'HEAD', `/v2/apps/shop/blobs/${DIGEST}`)).status).toBe(200);
    expect((await call(registry, 'DELETE', `/v2/apps/shop/blobs/${DIGEST}`)).status).toBe(202);
    await push(registry);
    expect((await call(registry, 'HEAD', `/v2/base/node/blobs/${DIGEST}`)).status).toBe(200);
  });

  it('may be pushed and deleted by many at once', async () => {
    const registry = await startTestRegistry();
    const names = Array.from({ length: 8 }, (_, number) => `team-${number}/app`);
    await Promise.all(
      names.map(async (name) => {
        await push(registry, TEXT, name);
        await call(registry, 'DELETE', `/v2/${name}/blobs/${DIGEST}`);
        await push(registry, TEXT, name);
      }),
    );
    for (const name of names) {
      expect((await call(registry, 'HEAD', `/v2/${name}/blobs/${DIGEST}`)).status).toBe(200);
    }
  });
});

async function fileSize(registry: TestRegistry, location: string): Promise<number> {
  const [, repository, id] = /^\/v2\/(.+)\/blobs\/uploads\/(.+)$/.exec(location) ?? [];
  return (await stat(join(registry.folder, '.registry/uploads', `${repository}`, `_${id}`))).size;
}
