import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import {
  type Descriptor,
  digestOf,
  manifestContent,
  OCI_INDEX,
  OCI_LAYER_GZIP,
} from '../../shared/content/index.ts';
import { createUploadSessions, importImage, type UploadRecord } from '../../shared/imports/index.ts';
import type { RegistryClient, Repository } from '../../shared/registry/index.ts';
import { collect } from '../helpers/collect.ts';
import { type Graph, multiPlatform } from '../helpers/memory-content.ts';
import { createMemoryRecords } from '../helpers/memory-records.ts';
import { referrerOf } from '../helpers/memory-referrers.ts';

/** Blobs from this size on go in chunks of it. */
export const CHUNK_BYTES = 64 * 1024;

/** A registry, and who may ask it. */
export interface RegistryUnderTest {
  readonly host: string;
  /** Knows the login, if there is one. */
  readonly client: RegistryClient;
  /** Knows none. */
  readonly stranger: RegistryClient;
  /** Knows a wrong one. */
  readonly impostor: RegistryClient;
  readonly wantsLogin: boolean;
}

const INDEX = manifestContent(
  Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] })),
  OCI_INDEX,
);

const blobOf = (bytes: Uint8Array): Descriptor => ({
  mediaType: OCI_LAYER_GZIP,
  digest: digestOf(bytes),
  size: bytes.byteLength,
});

async function* pieces(bytes: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

const push = (repository: Repository, bytes: Uint8Array, mountFrom?: string) =>
  repository.pushBlob(blobOf(bytes), async () => pieces(bytes), { mountFrom });

async function pushGraph(repository: Repository, { blobs, manifests }: Graph): Promise<void> {
  for (const bytes of blobs) await push(repository, bytes);
  for (const content of manifests) await repository.pushManifest(content.digest, content);
}

/** What the client does with every registry, whoever made it and however it asks for a login. */
export const REGISTRY_BEHAVIOUR: Readonly<Record<string, (test: RegistryUnderTest) => Promise<void>>> = {
  'pulls the bytes that it pushed, by tag and by digest': async ({ host, client }) => {
    const app = client.repository({ registry: host, repository: 'acme/app' });
    const layer = randomBytes(100_000);
    expect(await push(app, layer)).toBe('uploaded');
    expect(await push(app, layer)).toBe('existing');
    await app.pushManifest('v1', INDEX);
    for (const name of ['v1', INDEX.digest]) {
      expect(Buffer.from((await app.fetchManifest(name)).bytes)).toEqual(Buffer.from(INDEX.bytes));
    }
    const pulled = Buffer.concat(await collect(await app.openBlob(blobOf(layer))));
    expect(pulled.equals(layer)).toBe(true);
  },

  'mounts what a sibling has': async ({ host, client }) => {
    const layer = randomBytes(100_000);
    await push(client.repository({ registry: host, repository: 'acme/base' }), layer);
    const app = client.repository({ registry: host, repository: 'acme/app' });
    expect(await push(app, layer, 'acme/base')).toBe('mounted');
    expect(await app.hasBlob(digestOf(layer))).toBe(true);
  },

  'goes on with an upload in chunks that was given up in its middle': async ({ host, client }) => {
    const app = client.repository({ registry: host, repository: 'acme/app' });
    const layer = randomBytes(5 * CHUNK_BYTES + 1);
    const records = createMemoryRecords<UploadRecord>();
    const sessions = createUploadSessions(records);
    const giveUp = new AbortController();
    const first = app.pushBlob(blobOf(layer), async () => pieces(layer), {
      sessions,
      signal: giveUp.signal,
      onBytes: () => {
        if (Object.values(records.contents()).some(({ upload }) => (upload?.offset ?? 0) >= CHUNK_BYTES)) {
          giveUp.abort(new Error('enough'));
        }
      },
    });
    await expect(first).rejects.toThrow('enough');
    expect(await app.pushBlob(blobOf(layer), async () => pieces(layer), { sessions })).toBe('uploaded');
    expect(records.contents()).toEqual({});
    const pulled = Buffer.concat(await collect(await app.openBlob(blobOf(layer))));
    expect(pulled.equals(layer)).toBe(true);
  },

  'lists tags, and deletes': async ({ host, client }) => {
    const app = client.repository({ registry: host, repository: 'acme/app' });
    for (const tag of ['v1', 'v2', 'latest']) await app.pushManifest(tag, INDEX);
    expect((await collect(app.tags())).sort()).toEqual(['latest', 'v1', 'v2']);
    await app.deleteManifest(INDEX.digest);
    expect(await app.resolve('v1')).toBeUndefined();
    await expect(app.fetchManifest('v1')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  },

  'knows what is attached to an image, by type': async ({ host, client }) => {
    const app = client.repository({ registry: host, repository: 'acme/app' });
    await app.pushManifest('v1', INDEX);
    for (const artifactType of ['application/sbom', 'application/signature']) {
      const referrer = referrerOf(INDEX, artifactType, artifactType);
      await pushGraph(app, { ...referrer, manifests: [] });
      const { subject } = await app.pushManifest(referrer.root.digest, referrer.root);
      if (!subject) await app.addReferrers(INDEX.digest, [referrer.root]);
    }
    expect(await app.referrers(INDEX.digest)).toHaveLength(2);
    expect(await app.referrers(INDEX.digest, { artifactType: 'application/sbom' })).toMatchObject([
      { artifactType: 'application/sbom' },
    ]);
  },

  'imports an image of several platforms, and nothing the second time': async ({ host, client }) => {
    const graph = multiPlatform('app', ['linux/amd64', 'linux/arm64']);
    const source = { registry: host, repository: 'upstream/app', tag: 'v1' };
    const target = { registry: host, repository: 'mirror/app', tag: 'v1' };
    const from = client.repository(source);
    await pushGraph(from, graph);
    await from.pushManifest('v1', graph.root);
    const run = () => importImage((name) => client.repository(name), source, target);
    expect(await run()).toMatchObject({ state: 'succeeded', copy: { bytesUploaded: 0 } });
    expect(await run()).toMatchObject({ state: 'unchanged' });
    expect((await client.repository(target).resolve('v1'))?.digest).toBe(graph.root.digest);
  },

  'is let in as who it is': async ({ host, client, stranger, impostor, wantsLogin }) => {
    const name = { registry: host, repository: 'acme/app' };
    await client.repository(name).pushManifest('v1', INDEX);
    await client.ping(host);
    for (const other of [stranger, impostor]) {
      const looked = other.repository(name).resolve('v1');
      if (wantsLogin) await expect(looked).rejects.toMatchObject({ code: 'E_DENIED' });
      else expect((await looked)?.digest).toBe(INDEX.digest);
    }
  },
};
