import { describe, expect, it } from 'vitest';
import { digestOf, MAX_MANIFEST_BYTES, OCI_INDEX, OCI_MANIFEST } from '../../../shared/content/index.ts';
import { DIGEST, imageOf, pushBlob, pushImage, putManifest, TEXT, UNKNOWN } from './content.ts';
import { chunksOf } from './memory-storage.ts';
import { type Reply, type Sent, type ServerUnderTest, serve } from './serve.ts';

async function startUpload({ send }: ServerUnderTest, name = 'a'): Promise<string> {
  const { status, headers } = await send('POST', `/v2/${name}/blobs/uploads/`);
  expect([status, headers.Range]).toEqual([202, '0-0']);
  return headers.Location ?? '';
}

function chunk(start: number, end: number): Sent {
  return { body: TEXT.slice(start, end), headers: { 'content-range': `${start}-${end - 1}` } };
}

async function isStored({ send }: ServerUnderTest, name = 'a', digest: string = DIGEST): Promise<boolean> {
  return (await send('HEAD', `/v2/${name}/blobs/${digest}`)).status === 200;
}

const created: Partial<Reply> = {
  status: 201,
  headers: expect.objectContaining({ Location: `/v2/a/blobs/${DIGEST}`, 'Docker-Content-Digest': DIGEST }),
};

describe('a blob upload', () => {
  it('may be one POST', async () => {
    const server = serve();
    const url = `/v2/a/blobs/uploads/?digest=${DIGEST}`;
    expect(await server.send('POST', url, { body: TEXT })).toMatchObject(created);
    expect(await isStored(server)).toBe(true);
  });

  it('may be a POST and a PUT', async () => {
    const server = serve();
    const location = await startUpload(server);
    expect(await server.send('PUT', `${location}?digest=${DIGEST}`, { body: TEXT })).toMatchObject(created);
    expect(await isStored(server)).toBe(true);
  });

  it('may be streamed with one PATCH', async () => {
    const server = serve();
    const location = await startUpload(server);
    expect(await server.send('PATCH', location, { body: TEXT })).toMatchObject({
      status: 202,
      headers: { Location: location, Range: `0-${TEXT.length - 1}` },
    });
    expect(await server.send('PUT', `${location}?digest=${DIGEST}`)).toMatchObject(created);
  });

  it('may come in chunks, the last with the PUT', async () => {
    const server = serve();
    const location = await startUpload(server);
    expect(await server.send('PATCH', location, chunk(0, 10))).toMatchObject({
      status: 202,
      headers: { Range: '0-9' },
    });
    expect(await server.send('PATCH', location, chunk(10, 20))).toMatchObject({ status: 202 });
    expect(await server.send('GET', location)).toMatchObject({
      status: 204,
      headers: { Range: '0-19', Location: location },
    });
    const end = await server.send('PUT', `${location}?digest=${DIGEST}`, chunk(20, TEXT.length));
    expect(end).toMatchObject(created);
    expect(await server.send('GET', location)).toMatchObject({ status: 404, codes: ['BLOB_UPLOAD_UNKNOWN'] });
  });

  it('refuses chunks out of order and says where it continues', async () => {
    const server = serve();
    const location = await startUpload(server);
    const outOfOrder = await server.send('PATCH', location, chunk(10, 20));
    expect(outOfOrder).toMatchObject({ status: 416, codes: ['BLOB_UPLOAD_INVALID'] });
    await server.send('PATCH', location, chunk(0, 10));
    for (const wrong of [chunk(0, 10), chunk(5, 15), chunk(11, 20)]) {
      expect(await server.send('PATCH', location, wrong)).toMatchObject({
        status: 416,
        headers: { Location: location, Range: '0-9' },
      });
    }
    const end = await server.send('PUT', `${location}?digest=${DIGEST}`, chunk(10, TEXT.length));
    expect(end).toMatchObject(created);
  });

  it.each([
    ['is malformed', { 'content-range': 'all' }, 'BLOB_UPLOAD_INVALID'],
    ['has no number of bytes', { 'content-range': `0-${'9'.repeat(30)}` }, 'BLOB_UPLOAD_INVALID'],
    ['disagrees with Content-Length', { 'content-range': '0-9', 'content-length': '43' }, 'SIZE_INVALID'],
    ['is shorter than the body', { 'content-range': '0-9' }, 'SIZE_INVALID'],
    ['is longer than the body', { 'content-range': '0-99' }, 'SIZE_INVALID'],
  ])('refuses a chunk whose Content-Range %s', async (_, headers, code) => {
    const server = serve();
    const location = await startUpload(server);
    expect(await server.send('PATCH', location, { body: TEXT, headers })).toMatchObject({
      status: 400,
      codes: [code],
    });
  });

  it('refuses bytes that do not have the digest, and forgets them', async () => {
    const server = serve();
    const location = await startUpload(server);
    const end = await server.send('PUT', `${location}?digest=${DIGEST}`, { body: 'something else' });
    expect(end).toMatchObject({ status: 400, codes: ['DIGEST_INVALID'] });
    expect(await isStored(server)).toBe(false);
    expect(server.storage.openUploads).toBe(0);
  });

  it.each([
    '',
    '?digest=',
    '?digest=sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709',
    '?digest=md5:0',
    '?digest=..',
  ])('does not end under "%s", which is no digest it can check, and can still continue', async (query) => {
    const server = serve();
    const location = await startUpload(server);
    const refused = await server.send('PUT', `${location}${query}`, { body: TEXT });
    expect(refused).toMatchObject({ status: 400, codes: ['DIGEST_INVALID'] });
    expect(await server.send('GET', location)).toMatchObject({ status: 204, headers: { Range: '0-0' } });
  });

  it('takes sha512', async () => {
    const server = serve();
    const digest = digestOf(TEXT, 'sha512');
    const url = `/v2/a/blobs/uploads/?digest=${digest}`;
    expect(await server.send('POST', url, { body: TEXT })).toMatchObject({ status: 201 });
    expect(await isStored(server, 'a', digest)).toBe(true);
  });

  it('can be cancelled, and belongs to one repository', async () => {
    const server = serve();
    const location = await startUpload(server);
    const elsewhere = location.replace('/v2/a/', '/v2/b/');
    expect(await server.send('GET', elsewhere)).toMatchObject({ status: 404 });
    expect(await server.send('DELETE', location)).toMatchObject({ status: 204 });
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      expect(await server.send(method, location)).toMatchObject({
        status: 404,
        codes: ['BLOB_UPLOAD_UNKNOWN'],
      });
    }
  });

  it('keeps what arrived before the connection broke', async () => {
    const server = serve();
    const location = await startUpload(server);
    async function* broken() {
      yield Buffer.from(TEXT.slice(0, 10));
      throw new Error('ECONNRESET');
    }
    await server.send('PATCH', location, { body: broken() });
    expect(await server.send('GET', location)).toMatchObject({ headers: { Range: '0-9' } });
  });

  it('that stalls ends when the client is gone', async () => {
    const server = serve();
    const location = await startUpload(server);
    const client = new AbortController();
    async function* stalled() {
      yield Buffer.from(TEXT.slice(0, 10));
      client.abort();
      await new Promise(() => {});
    }
    await server.send('PATCH', location, { body: stalled(), signal: client.signal });
    expect(await server.send('GET', location)).toMatchObject({ headers: { Range: '0-9' } });
    expect(server.unexpected).toEqual([]);
  });

  it('in one POST leaves nothing behind when it breaks', async () => {
    const server = serve();
    async function* broken() {
      yield Buffer.from(TEXT.slice(0, 10));
      throw new Error('ECONNRESET');
    }
    await server.send('POST', `/v2/a/blobs/uploads/?digest=${DIGEST}`, { body: broken() });
    expect(server.storage.openUploads).toBe(0);
  });
});

describe('a cross-repository mount', () => {
  it('takes a blob without its bytes', async () => {
    const server = serve();
    await pushBlob(server, 'a');
    const mounted = await server.send('POST', `/v2/b/blobs/uploads/?mount=${DIGEST}&from=a`);
    expect(mounted).toMatchObject({ status: 201, headers: { Location: `/v2/b/blobs/${DIGEST}` } });
    expect(await isStored(server, 'b')).toBe(true);
  });

  it.each([
    ['the source lacks the blob', `mount=${UNKNOWN}&from=a`],
    ['there is no such source', `mount=${DIGEST}&from=c`],
    ['no source is named', `mount=${DIGEST}`],
  ])('becomes an upload when %s', async (_, query) => {
    const server = serve();
    await pushBlob(server, 'a');
    expect(await server.send('POST', `/v2/b/blobs/uploads/?${query}`)).toMatchObject({
      status: 202,
      headers: { Location: expect.stringMatching(/^\/v2\/b\/blobs\/uploads\/[0-9a-f-]{36}$/) },
    });
  });

  it.each([
    ['../../etc', 'NAME_INVALID'],
    ['A', 'NAME_INVALID'],
    ['', 'NAME_INVALID'],
  ])('refuses the source "%s"', async (from, code) => {
    const query = new URLSearchParams({ mount: DIGEST, from });
    expect(await serve().send('POST', `/v2/b/blobs/uploads/?${query}`)).toMatchObject({
      status: 400,
      codes: [code],
    });
  });
});

describe('a manifest push', () => {
  it('names where it is and what it was given', async () => {
    const server = serve();
    const text = imageOf(await pushBlob(server, 'a'));
    const digest = digestOf(text);
    for (const reference of ['1.0', digest]) {
      expect(await putManifest(server, 'a', reference, text)).toMatchObject({
        status: 201,
        headers: { Location: `/v2/a/manifests/${digest}`, 'Docker-Content-Digest': digest },
      });
    }
  });

  it('may have no layers', async () => {
    const server = serve();
    const text = imageOf(await pushBlob(server, 'a'), { layers: [] });
    expect(await putManifest(server, 'a', 'empty', text)).toMatchObject({ status: 201 });
  });

  it('with a subject is acknowledged with OCI-Subject', async () => {
    const server = serve();
    const { digest } = await pushImage(server, 'a', '1');
    const subject = { mediaType: OCI_MANIFEST, digest, size: 1 };
    const put = await putManifest(server, 'a', 'sbom', imageOf(DIGEST, { subject }));
    expect(put).toMatchObject({ status: 201, headers: { 'OCI-Subject': digest } });
  });

  it('is refused while content that it references is missing, and says which', async () => {
    const server = serve();
    const refused = await putManifest(server, 'a', '1', imageOf(DIGEST));
    expect(refused).toMatchObject({ status: 400, codes: ['MANIFEST_BLOB_UNKNOWN'] });
    expect(JSON.parse(refused.text).errors[0].detail).toEqual({ digests: [DIGEST, DIGEST] });
    expect(await server.send('GET', '/v2/_catalog')).toMatchObject({ text: '{"repositories":[]}' });
  });

  it('of an index without its manifests is accepted only where that is allowed', async () => {
    const child = { mediaType: OCI_MANIFEST, digest: UNKNOWN, size: 1 };
    const index = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] });
    const strict = serve();
    expect(await putManifest(strict, 'a', '1', index, OCI_INDEX)).toMatchObject({
      codes: ['MANIFEST_BLOB_UNKNOWN'],
    });
    const sparse = serve((storage) => ({ ...storage, acceptSparseIndexes: true }));
    expect(await putManifest(sparse, 'a', '1', index, OCI_INDEX)).toMatchObject({ status: 201 });
  });

  it.each([
    ['is no JSON', '1', '{"schemaVersion":2', OCI_MANIFEST, 400, 'MANIFEST_INVALID'],
    ['lacks its config', '1', '{"schemaVersion":2,"layers":[]}', OCI_MANIFEST, 400, 'MANIFEST_INVALID'],
    ['is sent as another type', '1', imageOf(DIGEST), OCI_INDEX, 400, 'MANIFEST_INVALID'],
    ['is pushed under no tag', '.1', imageOf(DIGEST), OCI_MANIFEST, 400, 'MANIFEST_INVALID'],
    [
      'is pushed under too long a tag',
      'a'.repeat(129),
      imageOf(DIGEST),
      OCI_MANIFEST,
      400,
      'MANIFEST_INVALID',
    ],
    ['has another digest', UNKNOWN, imageOf(DIGEST), OCI_MANIFEST, 400, 'DIGEST_INVALID'],
    ['is too long', '1', ' '.repeat(MAX_MANIFEST_BYTES + 1), OCI_MANIFEST, 413, 'SIZE_INVALID'],
  ])('that %s is refused', async (_, reference, body, contentType, status, code) => {
    const server = serve();
    await pushBlob(server, 'a');
    expect(await putManifest(server, 'a', reference, body, contentType)).toMatchObject({
      status,
      codes: [code],
    });
    expect(await server.send('HEAD', '/v2/a/manifests/1')).toMatchObject({ status: 404 });
  });

  it('that says it is too long is refused before it is read', async () => {
    let isRead = false;
    async function* body() {
      isRead = true;
      yield* chunksOf(Buffer.from('{}'));
    }
    const headers = { 'content-length': String(MAX_MANIFEST_BYTES + 1), 'content-type': OCI_MANIFEST };
    const refused = await serve().send('PUT', '/v2/a/manifests/1', { body: body(), headers });
    expect([refused.status, isRead]).toEqual([413, false]);
  });
});
