import { describe, expect, it } from 'vitest';
import { DIGEST, pushBlob, pushImage, putManifest, UNKNOWN } from './content.ts';
import { serve } from './serve.ts';

async function withImage() {
  const server = serve();
  const image = await pushImage(server, 'a', '1');
  await putManifest(server, 'a', 'latest', image.text);
  const statusOf = async (reference: string) =>
    (await server.send('HEAD', `/v2/a/manifests/${reference}`)).status;
  return { server, statusOf, ...image };
}

describe('deleting', () => {
  it('a tag keeps the manifest and its other tags', async () => {
    const { server, statusOf, digest } = await withImage();
    expect(await server.send('DELETE', '/v2/a/manifests/latest')).toMatchObject({ status: 202 });
    expect([await statusOf('latest'), await statusOf('1'), await statusOf(digest)]).toEqual([404, 200, 200]);
  });

  it('a manifest takes its tags along', async () => {
    const { server, statusOf, digest } = await withImage();
    expect(await server.send('DELETE', `/v2/a/manifests/${digest}`)).toMatchObject({ status: 202 });
    expect([await statusOf('latest'), await statusOf('1'), await statusOf(digest)]).toEqual([404, 404, 404]);
  });

  it('a blob takes it from one repository only', async () => {
    const { server } = await withImage();
    await pushBlob(server, 'b');
    expect(await server.send('DELETE', `/v2/a/blobs/${DIGEST}`)).toMatchObject({ status: 202 });
    expect(await server.send('HEAD', `/v2/a/blobs/${DIGEST}`)).toMatchObject({ status: 404 });
    expect(await server.send('HEAD', `/v2/b/blobs/${DIGEST}`)).toMatchObject({ status: 200 });
  });

  it.each([
    ['/v2/a/manifests/2', 'MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/.2', 'MANIFEST_UNKNOWN'],
    [`/v2/a/manifests/${UNKNOWN}`, 'MANIFEST_UNKNOWN'],
    [`/v2/a/blobs/${UNKNOWN}`, 'BLOB_UNKNOWN'],
    ['/v2/b/manifests/1', 'NAME_UNKNOWN'],
    [`/v2/b/blobs/${DIGEST}`, 'NAME_UNKNOWN'],
  ])('what is not there, %s, is 404 %s', async (path, code) => {
    const { server } = await withImage();
    expect(await server.send('DELETE', path)).toMatchObject({ status: 404, codes: [code] });
  });

  it('a manifest as a blob is refused, because its tags would name nothing', async () => {
    const { server, digest, statusOf } = await withImage();
    expect(await server.send('DELETE', `/v2/a/blobs/${digest}`)).toMatchObject({
      status: 405,
      codes: ['UNSUPPORTED'],
    });
    expect(await statusOf('1')).toBe(200);
  });
});
