import { describe, expect, it } from 'vitest';
import { digestOf, manifestContent, OCI_INDEX } from '../../../../shared/content/index.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
import { FakeTiming, failureOf, testRepository } from '../client-under-test.ts';

const BYTES = Buffer.from('{"schemaVersion":2,"manifests":[]}');
const CONTENT = manifestContent(BYTES, OCI_INDEX);
const DIGEST = CONTENT.digest;
const HEADERS = { 'content-type': OCI_INDEX };
const DESCRIPTOR = { mediaType: OCI_INDEX, digest: DIGEST, size: BYTES.length };
const OTHER = digestOf('converted');

describe('a manifest', () => {
  it('that breaks off is asked for again', async () => {
    const server = await scriptedServer((_request, index) =>
      index > 0
        ? { headers: HEADERS, body: BYTES }
        : (response) => {
            response.writeHead(200, { ...HEADERS, 'content-length': BYTES.length });
            response.write(BYTES.subarray(0, 9), () => setImmediate(() => response.socket?.destroySoon()));
          },
    );
    expect(await testRepository(server).fetchManifest(DIGEST)).toEqual(CONTENT);
  });

  it('spends one budget on its requests and on its body', async () => {
    const server = await scriptedServer((_request, index) =>
      index % 2 === 0
        ? { status: 503 }
        : (response) => {
            response.writeHead(200, { ...HEADERS, 'content-length': BYTES.length });
            response.write(BYTES.subarray(0, 9), () => setImmediate(() => response.socket?.destroySoon()));
          },
    );
    const timing = new FakeTiming();
    expect(await failureOf(testRepository(server, { timing }).fetchManifest(DIGEST))).toMatchObject({
      code: 'E_NETWORK',
    });
    expect(server.requests).toHaveLength(4);
    expect(timing.sleeps).toEqual([250, 500, 1_000]);
  });

  it.each([405, 501])('is looked up by GET where HEAD is answered %i', async (status) => {
    const server = await scriptedServer(({ method, path }) => {
      if (method === 'HEAD') return { status };
      return path.endsWith('/22') ? { headers: HEADERS, body: BYTES } : { status: 404 };
    });
    expect(await testRepository(server).resolve('22')).toEqual(DESCRIPTOR);
    expect(await testRepository(server).resolve('23')).toBeUndefined();
  });
});

describe('a pushed manifest', () => {
  it('that arrived damaged is pushed once more', async () => {
    const server = await scriptedServer((_request, index) =>
      index === 0
        ? { status: 400, body: { errors: [{ code: 'DIGEST_INVALID' }] } }
        : { status: 201, headers: { 'docker-content-digest': DIGEST } },
    );
    await testRepository(server).pushManifest(DIGEST, CONTENT);
    expect(server.requests).toHaveLength(2);
  });

  it('that was damaged under a tag is put right', async () => {
    const server = await scriptedServer((_request, index) => ({
      status: 201,
      headers: { 'docker-content-digest': index === 0 ? OTHER : DIGEST },
    }));
    await testRepository(server).pushManifest('22', CONTENT);
    expect(server.requests).toHaveLength(2);
  });

  it('is looked at under its tag when the registry does not say what it stored', async () => {
    const server = await scriptedServer(({ method }) => ({
      status: method === 'PUT' ? 201 : 200,
      headers:
        method === 'PUT'
          ? {}
          : { ...HEADERS, 'docker-content-digest': DIGEST, 'content-length': String(BYTES.length) },
    }));
    await testRepository(server).pushManifest('22', CONTENT);
    expect(server.log).toEqual(['PUT /v2/acme/app/manifests/22', 'HEAD /v2/acme/app/manifests/22']);
    await testRepository(server).pushManifest(DIGEST, CONTENT);
    expect(server.requests).toHaveLength(3);
  });

  it('that the registry wrote anew is a failure, even when it does not say so', async () => {
    const server = await scriptedServer(({ method }) => ({
      status: method === 'PUT' ? 201 : 200,
      headers: method === 'PUT' ? {} : { ...HEADERS, 'docker-content-digest': OTHER, 'content-length': '40' },
    }));
    expect(await failureOf(testRepository(server).pushManifest('22', CONTENT))).toMatchObject({
      code: 'E_DIGEST_MISMATCH',
    });
  });
});
