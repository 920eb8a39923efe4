import { describe, expect, it } from 'vitest';
import { OCI_MANIFEST } from '../../../shared/content/index.ts';
import { DIGEST, pushBlob, pushImage, TEXT, UNKNOWN } from './content.ts';
import { serve } from './serve.ts';

describe('a pull', () => {
  it.each(['GET', 'HEAD'])('starts with a ping: %s /v2/', async (method) => {
    expect(await serve().send(method, '/v2/')).toMatchObject({
      status: 200,
      headers: { 'Docker-Distribution-Api-Version': 'registry/2.0', 'Content-Length': '0' },
    });
  });

  it.each(['tag', 'digest'])('gets a manifest by %s, byte for byte', async (by) => {
    const server = serve();
    const { text, digest } = await pushImage(server, 'base/node', '22');
    const path = `/v2/base/node/manifests/${by === 'tag' ? '22' : digest}`;
    const headers = {
      'Content-Type': OCI_MANIFEST,
      'Content-Length': String(text.length),
      'Docker-Content-Digest': digest,
    };
    expect(await server.send('GET', path)).toMatchObject({ status: 200, headers, text });
    expect(await server.send('HEAD', path)).toMatchObject({ status: 200, headers, text: '' });
  });

  it('gets a blob', async () => {
    const server = serve();
    await pushBlob(server, 'base/node');
    const path = `/v2/base/node/blobs/${DIGEST}`;
    const headers = { 'Content-Length': String(TEXT.length), 'Docker-Content-Digest': DIGEST };
    expect(await server.send('GET', path)).toMatchObject({ status: 200, headers, text: TEXT });
    expect(await server.send('HEAD', path)).toMatchObject({ status: 200, headers, text: '' });
  });

  it.each([
    ['bytes=4-8', 'quick', `bytes 4-8/${TEXT.length}`],
    ['bytes=-3', 'dog', `bytes ${TEXT.length - 3}-${TEXT.length - 1}/${TEXT.length}`],
    ['bytes=40-999', 'dog', `bytes 40-42/${TEXT.length}`],
  ])('gets a part of a blob by Range: %s', async (range, text, contentRange) => {
    const server = serve();
    await pushBlob(server, 'a');
    expect(await server.send('GET', `/v2/a/blobs/${DIGEST}`, { headers: { range } })).toMatchObject({
      status: 206,
      headers: { 'Content-Range': contentRange, 'Content-Length': String(text.length) },
      text,
    });
  });

  it('of a part that is not there is answered 416 with the size', async () => {
    const server = serve();
    await pushBlob(server, 'a');
    const headers = { range: 'bytes=43-' };
    expect(await server.send('GET', `/v2/a/blobs/${DIGEST}`, { headers })).toMatchObject({
      status: 416,
      codes: ['SIZE_INVALID'],
      headers: { 'Content-Range': `bytes */${TEXT.length}` },
    });
  });

  it('by HEAD never reads content', async () => {
    const server = serve();
    const { digest } = await pushImage(server, 'a', '1');
    await server.send('HEAD', '/v2/a/manifests/1');
    await server.send('HEAD', `/v2/a/manifests/${digest}`);
    await server.send('HEAD', `/v2/a/blobs/${DIGEST}`, { headers: { range: 'bytes=0-1' } });
    expect(server.storage.reads).toEqual([]);
  });

  it.each([
    ['/v2/base/node/manifests/23', 'MANIFEST_UNKNOWN'],
    [`/v2/base/node/manifests/${UNKNOWN}`, 'MANIFEST_UNKNOWN'],
    ['/v2/base/node/manifests/.INVALID_MANIFEST_NAME', 'MANIFEST_UNKNOWN'],
    ['/v2/base/node/manifests/sha1:abc', 'MANIFEST_UNKNOWN'],
    [`/v2/base/node/blobs/${UNKNOWN}`, 'BLOB_UNKNOWN'],
    ['/v2/other/manifests/22', 'NAME_UNKNOWN'],
    [`/v2/other/blobs/${DIGEST}`, 'NAME_UNKNOWN'],
  ])('of what is not there is 404: %s is %s', async (path, code) => {
    const server = serve();
    await pushImage(server, 'base/node', '22');
    expect(await server.send('GET', path)).toMatchObject({ status: 404, codes: [code] });
    expect(await server.send('HEAD', path)).toMatchObject({ status: 404, text: '' });
  });

  it.each(['blobs', 'manifests'])(
    'of %s that were deleted between finding and reading is 404',
    async (kind) => {
      const gone = { size: 1, mediaType: OCI_MANIFEST, digest: DIGEST, read: async () => undefined };
      const repository = {
        findManifest: async () => gone,
        findBlob: async () => gone,
        tags: async () => [],
        referrers: async () => [],
      };
      const server = serve(() => ({ pull: { repository: async () => repository } }));
      expect(await server.send('GET', `/v2/a/${kind}/${DIGEST}`)).toMatchObject({ status: 404 });
    },
  );
});
