import { randomBytes } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import {
  type Descriptor,
  digestOf,
  manifestContent,
  OCI_CONFIG,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../../shared/content/index.ts';
import {
  type CredentialSource,
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
  type Repository,
} from '../../shared/registry/index.ts';
import { collect } from '../helpers/collect.ts';
import { type CountingProxy, countingProxy } from '../helpers/counting-proxy.ts';
import { type DockerRegistryOptions, startDockerRegistry } from '../helpers/docker-registry.ts';
import { describeWithProgram } from '../helpers/programs.ts';
import { tokenServer } from '../helpers/token-server.ts';

interface Setup {
  readonly proxy: CountingProxy;
  readonly client: RegistryClient;
  repository(name: string): Repository;
}

/** A registry, the count of what it is asked, and a client; all gone when the test ends. */
async function setUp(
  registryOptions?: DockerRegistryOptions,
  options?: RegistryClientOptions,
): Promise<Setup> {
  const registry = await startDockerRegistry(registryOptions);
  if (!registry) throw new Error('docker-registry is not installed.');
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const proxy = await countingProxy(registry.host);
  const client = createRegistryClient(options);
  onTestFinished(() => client.close());
  return {
    proxy,
    client,
    repository: (repository) => client.repository({ registry: proxy.host, repository }),
  };
}

const blobOf = (bytes: Uint8Array, mediaType = OCI_LAYER_GZIP): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.byteLength,
});

async function* pieces(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

const pushBytes = (repository: Repository, bytes: Uint8Array, mountFrom?: string) =>
  repository.pushBlob(blobOf(bytes), async () => pieces(bytes), { mountFrom });

/** A small image: what a manifest points at is pushed first. */
async function pushImage(repository: Repository, tag: string) {
  const layer = randomBytes(100_000);
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', tag }));
  for (const blob of [layer, config]) await pushBytes(repository, blob);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: blobOf(config, OCI_CONFIG),
    layers: [blobOf(layer)],
  };
  const content = manifestContent(Buffer.from(JSON.stringify(manifest, undefined, 3)), OCI_MANIFEST);
  await repository.pushManifest(tag, content);
  return { content, layer };
}

describeWithProgram('docker-registry', 'the client against the distribution registry', {
  'pushes an image and pulls the same bytes, in the fewest requests': async () => {
    const { repository, proxy } = await setUp();
    const app = repository('acme/app');
    const { content, layer } = await pushImage(app, 'v1');
    expect(proxy.log.map((line) => line.split(' ')[0])).toEqual([
      ...['HEAD', 'POST', 'PUT'],
      ...['HEAD', 'POST', 'PUT'],
      'PUT',
    ]);
    expect(await app.resolve('v1')).toEqual({
      mediaType: OCI_MANIFEST,
      digest: content.digest,
      size: content.size,
    });
    for (const name of ['v1', content.digest]) {
      const pulled = await app.fetchManifest(name);
      expect(Buffer.from(pulled.bytes)).toEqual(Buffer.from(content.bytes));
    }
    const pulled = Buffer.concat(await collect(await app.openBlob(blobOf(layer))));
    expect(digestOf(pulled)).toBe(digestOf(layer));
    expect(proxy.count('GET /v2/ ')).toBe(0);
  },

  'uploads a large blob in one stream': async () => {
    const { repository, proxy } = await setUp(undefined, { limits: { singlePutBytes: 1024 * 1024 } });
    const bytes = Buffer.alloc(9 * 1024 * 1024 + 1, randomBytes(1024));
    expect(await pushBytes(repository('acme/app'), bytes)).toBe('uploaded');
    expect(proxy.log.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'POST', 'PATCH', 'PUT']);
    expect(await repository('acme/app').hasBlob(digestOf(bytes))).toBe(true);
  },

  'sends no byte of what is there, or in a sibling': async () => {
    const { repository, proxy } = await setUp();
    const bytes = randomBytes(50_000);
    await pushBytes(repository('acme/base'), bytes);
    const before = proxy.log.length;
    expect(await pushBytes(repository('acme/base'), bytes)).toBe('existing');
    expect(await pushBytes(repository('acme/app'), bytes, 'acme/base')).toBe('mounted');
    expect(proxy.log.slice(before).map((line) => line.split(' ')[0])).toEqual(['HEAD', 'POST']);
    const other = randomBytes(50_000);
    expect(await pushBytes(repository('acme/app'), other, 'acme/base')).toBe('uploaded');
    expect(await repository('acme/app').hasBlob(digestOf(other))).toBe(true);
  },

  'uploads a blob of no bytes': async () => {
    const { repository } = await setUp();
    const app = repository('acme/app');
    expect(await pushBytes(app, new Uint8Array())).toBe('uploaded');
    expect(await collect(await app.openBlob(blobOf(new Uint8Array())))).toEqual([]);
  },

  'is told when the bytes are not those of the digest': async () => {
    const { repository } = await setUp();
    const blob = blobOf(Buffer.from('right'));
    const pushed = repository('acme/app').pushBlob(blob, async () => pieces(Buffer.from('wrong')));
    await expect(pushed).rejects.toMatchObject({ code: 'E_DIGEST_MISMATCH' });
    expect(await repository('acme/app').hasBlob(blob.digest)).toBe(false);
  },

  'lists tags': async () => {
    const { repository, proxy } = await setUp();
    const app = repository('acme/app');
    const { content } = await pushImage(app, 'v1');
    for (const tag of ['v2', 'latest']) await app.pushManifest(tag, content);
    expect((await collect(app.tags())).sort()).toEqual(['latest', 'v1', 'v2']);
    expect(proxy.count('GET /v2/acme/app/tags/list')).toBe(1);
  },

  'deletes manifests and blobs, and says what is gone': async () => {
    const { repository } = await setUp();
    const app = repository('acme/app');
    const { content, layer } = await pushImage(app, 'v1');
    await app.deleteManifest(content.digest);
    await app.deleteBlob(digestOf(layer));
    expect(await app.resolve(content.digest)).toBeUndefined();
    expect(await app.hasBlob(digestOf(layer))).toBe(false);
    await expect(app.fetchManifest('v1')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    await expect(collect(repository('acme/none').tags())).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
      registryCodes: ['NAME_UNKNOWN'],
    });
  },

  'needs no ping and one token for each scope': async () => {
    const tokens = await tokenServer();
    const credentials: CredentialSource = {
      credentialsFor: async () => ({ kind: 'password', username: 'jane', password: 's3cret' }),
    };
    const { repository, client, proxy } = await setUp({ auth: tokens.auth }, { credentials });
    const app = repository('acme/app');
    const { content } = await pushImage(app, 'v1');
    await Promise.all(Array.from({ length: 20 }, () => app.resolve('v1')));
    await app.fetchManifest('v1');
    const blob = randomBytes(1_000);
    await pushBytes(app, blob);
    expect(await pushBytes(repository('acme/copy'), blob, 'acme/app')).toBe('mounted');
    await app.deleteManifest(content.digest);
    expect(proxy.count('GET /v2/ ')).toBe(0);
    expect(tokens.scopes).toEqual([
      'repository:acme/app:pull,push',
      'repository:acme/app:pull',
      'repository:acme/copy:pull,push repository:acme/app:pull',
      'repository:acme/app:delete',
    ]);
    await client.ping(proxy.host);
    expect(proxy.count('GET /v2/')).toBeGreaterThan(0);
  },

  'is refused what its token does not allow': async () => {
    const tokens = await tokenServer(['pull']);
    const { repository } = await setUp({ auth: tokens.auth });
    await expect(pushBytes(repository('acme/app'), randomBytes(10))).rejects.toMatchObject({
      name: 'RegistryError',
      code: 'E_DENIED',
      registryCodes: ['UNAUTHORIZED'],
    });
    expect(await repository('acme/app').resolve('v1')).toBeUndefined();
  },
});
