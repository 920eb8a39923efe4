import { describe, expect, it } from 'vitest';
import { buildArtifact, buildImageIndex, buildSbom, pushContent } from '../../local/demo-content/index.ts';
import { digestOf, MAX_MANIFEST_BYTES, OCI_INDEX, OCI_MANIFEST } from '../../shared/content/index.ts';
import { startTestRegistry, type TestRegistry } from '../helpers/test-registry.ts';

const UNKNOWN = `sha256:${'0'.repeat(64)}`;

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function call(
  registry: TestRegistry,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<Reply> {
  const response = await fetch(`${registry.url}${path}`, { method, ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function errorCodes({ text }: Reply): string[] {
  return JSON.parse(text).errors.map(({ code }: { code: string }) => code);
}

async function putManifest(
  registry: TestRegistry,
  reference: string,
  document: object | string,
  contentType = OCI_MANIFEST,
): Promise<Reply> {
  const body = typeof document === 'string' ? document : JSON.stringify(document);
  const path = `/v2/base/node/manifests/${reference}`;
  return call(registry, 'PUT', path, { body, headers: { 'Content-Type': contentType } });
}

/** A registry with one image under `base/node:22`. */
async function registryWithImage() {
  const registry = await startTestRegistry();
  const image = await buildImageIndex({ seed: 'node-22' });
  await pushContent(registry.url, 'base/node', ['22'], image);
  return { registry, image };
}

describe('the local registry', () => {
  it('answers the ping and tells what each request was', async () => {
    const registry = await startTestRegistry();
    expect((await call(registry, 'GET', '/v2/')).status).toBe(200);
    await call(registry, 'HEAD', '/v2/base/node/manifests/22');
    expect(registry.requests).toMatchObject([
      { kind: 'ping', method: 'GET', path: '/v2/', status: 200 },
      { kind: 'manifest', method: 'HEAD', status: 404, repository: 'base/node', reference: '22' },
    ]);
  });

  it('answers paths and methods it does not have with spec errors', async () => {
    const { registry } = await registryWithImage();
    expect((await call(registry, 'GET', '/nowhere')).status).toBe(404);
    const wrong = await call(registry, 'POST', '/v2/base/node/manifests/22');
    expect([wrong.status, errorCodes(wrong), wrong.headers.get('allow')]).toEqual([
      405,
      ['UNSUPPORTED'],
      'GET, HEAD, PUT, DELETE',
    ]);
    expect((await call(registry, 'DELETE', '/v2/_catalog')).status).toBe(405);
    expect((await call(registry, 'GET', '/token')).status).toBe(404);
  });
});

describe('manifests in the local registry', () => {
  it('come back byte for byte with their type, by tag and by digest', async () => {
    const { registry, image } = await registryWithImage();
    const { digest, size, mediaType, bytes } = image.root;
    for (const reference of ['22', digest]) {
      const path = `/v2/base/node/manifests/${reference}`;
      const got = await call(registry, 'GET', path, { headers: { Accept: 'application/json' } });
      expect(got.text).toBe(Buffer.from(bytes).toString());
      const head = await call(registry, 'HEAD', path);
      for (const { status, headers } of [got, head]) {
        expect(status).toBe(200);
        expect(headers.get('content-type')).toBe(mediaType);
        expect(headers.get('docker-content-digest')).toBe(digest);
        expect(headers.get('content-length')).toBe(String(size));
      }
    }
  });

  it('that are not there are MANIFEST_UNKNOWN, or NAME_UNKNOWN when nothing of the repository is', async () => {
    const { registry } = await registryWithImage();
    for (const reference of ['23', '.no-tag', UNKNOWN]) {
      const got = await call(registry, 'GET', `/v2/base/node/manifests/${reference}`);
      expect([got.status, errorCodes(got)]).toEqual([404, ['MANIFEST_UNKNOWN']]);
    }
    const got = await call(registry, 'GET', '/v2/base/ruby/manifests/3');
    expect([got.status, errorCodes(got)]).toEqual([404, ['NAME_UNKNOWN']]);
  });

  it('are refused until what they name is there', async () => {
    const registry = await startTestRegistry();
    const missing = { mediaType: 'application/octet-stream', digest: UNKNOWN, size: 1 };
    const image = await putManifest(registry, 'x', { schemaVersion: 2, config: missing, layers: [] });
    expect([image.status, errorCodes(image)]).toEqual([400, ['MANIFEST_BLOB_UNKNOWN']]);
    const child = { mediaType: OCI_MANIFEST, digest: UNKNOWN, size: 1 };
    const index = await putManifest(registry, 'x', { schemaVersion: 2, manifests: [child] }, OCI_INDEX);
    expect([index.status, errorCodes(index)]).toEqual([400, ['MANIFEST_BLOB_UNKNOWN']]);
    expect((await call(registry, 'GET', '/v2/_catalog')).text).toBe('{"repositories":[]}');
  });

  it('may name layers that registries do not hold', async () => {
    const { registry, image } = await registryWithImage();
    const config = image.images[0]?.config.descriptor;
    const foreign = {
      mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      digest: UNKNOWN,
      size: 1,
    };
    const put = await putManifest(registry, 'windows', { schemaVersion: 2, config, layers: [foreign] });
    expect(put.status).toBe(201);
  });

  it('of an index with missing platforms are taken where that was allowed', async () => {
    const registry = await startTestRegistry({ acceptSparseIndexes: true });
    const child = { mediaType: OCI_MANIFEST, digest: UNKNOWN, size: 1 };
    const put = await putManifest(registry, 'sparse', { schemaVersion: 2, manifests: [child] }, OCI_INDEX);
    expect(put.status).toBe(201);
  });

  it('are refused when broken, mislabelled, too large, or under a wrong name', async () => {
    const { registry, image } = await registryWithImage();
    const { bytes, digest } = image.root;
    const text = Buffer.from(bytes).toString();
    const refusals = [
      await putManifest(registry, 'x', '{"schemaVersion":2'),
      await putManifest(registry, 'x', { schemaVersion: 2, layers: 'none' }),
      await putManifest(registry, 'x', text, OCI_MANIFEST),
      await putManifest(registry, '.x', text, OCI_INDEX),
      await putManifest(registry, UNKNOWN, text, OCI_INDEX),
      await putManifest(registry, 'x', ' '.repeat(MAX_MANIFEST_BYTES + 1), OCI_INDEX),
    ];
    expect(refusals.map((refusal) => [refusal.status, ...errorCodes(refusal)])).toEqual([
      [400, 'MANIFEST_INVALID'],
      [400, 'MANIFEST_INVALID'],
      [400, 'MANIFEST_INVALID'],
      [400, 'MANIFEST_INVALID'],
      [400, 'DIGEST_INVALID'],
      [413, 'SIZE_INVALID'],
    ]);
    expect((await putManifest(registry, digest, text, OCI_INDEX)).status).toBe(201);
    expect((await call(registry, 'HEAD', '/v2/base/node/manifests/x')).status).toBe(404);
  });

  it('can be named by sha512', async () => {
    const { registry, image } = await registryWithImage();
    const text = Buffer.from(image.root.bytes).toString();
    const digest = digestOf(text, 'sha512');
    const put = await putManifest(registry, digest, text, OCI_INDEX);
    expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, digest]);
    expect((await call(registry, 'GET', `/v2/base/node/manifests/${digest}`)).text).toBe(text);
  });

  it('stay under their digest when a tag moves or goes, and go with all tags by digest', async () => {
    const { registry, image } = await registryWithImage();
    const next = await buildImageIndex({ seed: 'node-22', version: 2 });
    await pushContent(registry.url, 'base/node', ['22', 'latest'], next);
    const status = async (reference: string) =>
      (await call(registry, 'HEAD', `/v2/base/node/manifests/${reference}`)).status;
    expect(await status(image.root.digest)).toBe(200);

    expect((await call(registry, 'DELETE', '/v2/base/node/manifests/latest')).status).toBe(202);
    expect([await status('latest'), await status('22')]).toEqual([404, 200]);

    expect((await call(registry, 'DELETE', `/v2/base/node/manifests/${next.root.digest}`)).status).toBe(202);
    expect([await status('22'), await status(next.root.digest)]).toEqual([404, 404]);
    expect((await call(registry, 'DELETE', '/v2/base/node/manifests/22')).status).toBe(404);
  });
});

describe('lists of the local registry', () => {
  it('show tags in order, page by page', async () => {
    const registry = await startTestRegistry();
    await pushContent(
      registry.url,
      'base/node',
      ['22', '24', '22-alpine', 'B', 'a'],
      await buildImageIndex({ seed: 'n' }),
    );
    const all = await call(registry, 'GET', '/v2/base/node/tags/list');
    expect(JSON.parse(all.text)).toEqual({ name: 'base/node', tags: ['22', '22-alpine', '24', 'B', 'a'] });
    const first = await call(registry, 'GET', '/v2/base/node/tags/list?n=2');
    expect(JSON.parse(first.text).tags).toEqual(['22', '22-alpine']);
    expect(first.headers.get('link')).toBe('</v2/base/node/tags/list?n=2&last=22-alpine>; rel="next"');
    const last = await call(registry, 'GET', '/v2/base/node/tags/list?n=5&last=24');
    expect([JSON.parse(last.text).tags, last.headers.get('link')]).toEqual([['B', 'a'], null]);
  });

  it('refuse a nonsensical page size and a repository that is not there', async () => {
    const { registry } = await registryWithImage();
    const badNumber = await call(registry, 'GET', '/v2/base/node/tags/list?n=many');
    expect([badNumber.status, errorCodes(badNumber)]).toEqual([400, ['PAGINATION_NUMBER_INVALID']]);
    const unknown = await call(registry, 'GET', '/v2/base/ruby/tags/list');
    expect([unknown.status, errorCodes(unknown)]).toEqual([404, ['NAME_UNKNOWN']]);
  });

  it('show repositories, nested ones too', async () => {
    const registry = await startTestRegistry();
    const artifact = buildArtifact({ artifactType: 'application/example', content: 'x' });
    for (const name of ['b', 'a', 'a/b/c', 'a-b']) await pushContent(registry.url, name, ['1'], artifact);
    const catalog = await call(registry, 'GET', '/v2/_catalog');
    expect(JSON.parse(catalog.text)).toEqual({ repositories: ['a', 'a-b', 'a/b/c', 'b'] });
    const page = await call(registry, 'GET', '/v2/_catalog?n=1&last=a-b');
    expect(JSON.parse(page.text)).toEqual({ repositories: ['a/b/c'] });
    expect(page.headers.get('link')).toBe('</v2/_catalog?n=1&last=a%2Fb%2Fc>; rel="next"');
  });
});

describe('referrers in the local registry', () => {
  it('are listed with type and annotations, filtered, and forgotten when deleted', async () => {
    const { registry, image } = await registryWithImage();
    const sbom = buildSbom(image.root, 'node');
    const signature = buildArtifact({
      artifactType: 'application/vnd.example.signature',
      content: 'signed',
      subject: image.root,
      annotations: { signer: 'demo' },
    });
    await pushContent(registry.url, 'base/node', [], sbom);
    await pushContent(registry.url, 'base/node', [], signature);
    const path = `/v2/base/node/referrers/${image.root.digest}`;

    const all = await call(registry, 'GET', path);
    expect([all.status, all.headers.get('content-type')]).toEqual([200, OCI_INDEX]);
    expect(JSON.parse(all.text)).toMatchObject({ schemaVersion: 2, mediaType: OCI_INDEX });
    const { manifests } = JSON.parse(all.text);
    expect(manifests).toHaveLength(2);
    expect(manifests).toContainEqual({
      mediaType: OCI_MANIFEST,
      digest: signature.root.digest,
      size: signature.root.size,
      artifactType: 'application/vnd.example.signature',
      annotations: { signer: 'demo' },
    });

    const filtered = await call(registry, 'GET', `${path}?artifactType=application/spdx%2Bjson`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(JSON.parse(filtered.text).manifests).toMatchObject([{ digest: sbom.root.digest }]);

    await call(registry, 'DELETE', `/v2/base/node/manifests/${sbom.root.digest}`);
    expect(JSON.parse((await call(registry, 'GET', path)).text).manifests).toMatchObject([
      { digest: signature.root.digest },
    ]);
  });

  it('may come before their subject, and the push says that they were understood', async () => {
    const registry = await startTestRegistry();
    const image = await buildImageIndex({ seed: 'later' });
    const sbom = buildSbom(image.root, 'later');
    await pushContent(registry.url, 'base/node', [], sbom);
    const again = await putManifest(registry, 'sbom', Buffer.from(sbom.root.bytes).toString());
    expect(again.headers.get('oci-subject')).toBe(image.root.digest);
    const list = await call(registry, 'GET', `/v2/base/node/referrers/${image.root.digest}`);
    expect(JSON.parse(list.text).manifests).toHaveLength(1);
  });

  it('are an empty list for whatever is not there', async () => {
    const registry = await startTestRegistry();
    const list = await call(registry, 'GET', `/v2/nobody/referrers/${UNKNOWN}`);
    expect([list.status, JSON.parse(list.text).manifests]).toEqual([200, []]);
  });
});
