import {
  type Descriptor,
  type Digest,
  digestOf,
  isDigest,
  isNonDistributable,
  type ManifestContent,
  manifestContent,
  parseManifest,
  verified,
  verifyBytes,
} from '../../shared/content/index.ts';
import { RegistryError } from '../../shared/errors.ts';
import type { ContentCallOptions, ContentSource, ContentTarget } from '../../shared/imports/index.ts';

export type ContentCallKind =
  | 'resolve'
  | 'fetchManifest'
  | 'pushManifest'
  | 'openBlob'
  | 'pushBlob'
  | 'referrers'
  | 'cosignTags';

export interface ContentCall {
  readonly kind: ContentCallKind;
  /** Tag or digest. */
  readonly key: string;
}

export interface MemoryRepositoryOptions {
  /** Takes an index whose children are missing. */
  readonly acceptsSparse?: boolean;
  /** Runs before each call has its effect: may wait, throw, or abort something. */
  readonly before?: ((call: ContentCall, nth: number) => unknown) | undefined;
  /** Repositories of the same registry to mount from. */
  readonly siblings?: Readonly<Record<string, MemoryRepository>>;
  /** How often an upload loses its connection after the first chunk and starts over. */
  readonly reopens?: number;
  /** Bytes of one piece of a stream. Default: 7, so that also small blobs have several. */
  readonly chunk?: number;
}

const CHUNK = 7;

/** A repository in memory that behaves as a registry does, counts what it is asked, and can be made to fail. */
export class MemoryRepository implements ContentSource, ContentTarget {
  readonly manifests = new Map<Digest, ManifestContent>();
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly tags = new Map<string, Digest>();
  /** Every call in the order it was made. */
  readonly calls: ContentCall[] = [];
  /** What was stored, in that order: digests, and tags when they were moved. */
  readonly stored: string[] = [];
  /** Every push of a tag, in order. */
  readonly tagMoves: { readonly tag: string; readonly digest: Digest }[] = [];
  /** The largest number of calls of a kind that were under way together. */
  readonly peak: Partial<Record<ContentCallKind, number>> = {};
  /** Calls that have begun and not ended. */
  underWay = 0;
  readonly options: MemoryRepositoryOptions;
  readonly #active: Partial<Record<ContentCallKind, number>> = {};

  constructor(options: MemoryRepositoryOptions = {}) {
    this.options = options;
  }

  resolve(tagOrDigest: string, options: ContentCallOptions = {}): Promise<Descriptor | undefined> {
    return this.perform('resolve', tagOrDigest, options, () => {
      const content = this.#find(tagOrDigest);
      return content && { mediaType: content.mediaType, digest: content.digest, size: content.size };
    });
  }

  fetchManifest(tagOrDigest: string, options: ContentCallOptions = {}): Promise<ManifestContent> {
    return this.perform('fetchManifest', tagOrDigest, options, () => {
      const content = this.#find(tagOrDigest);
      if (!content) throw notFound(tagOrDigest);
      return content;
    });
  }

  pushManifest(
    tagOrDigest: string,
    content: ManifestContent,
    options: ContentCallOptions = {},
  ): Promise<{ readonly subject: Digest | undefined }> {
    return this.perform('pushManifest', tagOrDigest, options, () => {
      verifyBytes(content.bytes, isDigest(tagOrDigest) ? { digest: tagOrDigest } : content);
      const missing = this.#missingChildren(content);
      if (missing.length > 0) {
        throw new RegistryError('E_PROTOCOL', `The manifest names unknown content: ${missing.join(', ')}.`, {
          status: 400,
          registryCodes: ['MANIFEST_BLOB_UNKNOWN'],
        });
      }
      this.manifests.set(content.digest, content);
      if (!isDigest(tagOrDigest)) {
        this.tags.set(tagOrDigest, content.digest);
        this.tagMoves.push({ tag: tagOrDigest, digest: content.digest });
      }
      this.stored.push(tagOrDigest);
      return { subject: undefined };
    });
  }

  openBlob(
    blob: Pick<Descriptor, 'digest' | 'size'>,
    options: ContentCallOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    return this.perform('openBlob', blob.digest, options, () => {
      const bytes = this.blobs.get(blob.digest);
      if (!bytes) throw notFound(blob.digest);
      return verified(chunksOf(bytes, this.options.chunk), blob);
    });
  }

  pushBlob(
    blob: Pick<Descriptor, 'digest' | 'size'>,
    open: () => Promise<AsyncIterable<Uint8Array>>,
    options: Parameters<ContentTarget['pushBlob']>[2] = {},
  ): Promise<'existing' | 'mounted' | 'uploaded'> {
    return this.perform('pushBlob', blob.digest, options, async () => {
      if (this.blobs.has(blob.digest)) return 'existing';
      const sibling = this.options.siblings?.[options.mountFrom ?? '']?.blobs.get(blob.digest);
      if (!sibling) for (let n = this.options.reopens ?? 0; n > 0; n -= 1) await firstChunk(open, options);
      const bytes = sibling ?? (await readAll(await open(), options));
      verifyBytes(bytes, blob);
      this.blobs.set(blob.digest, bytes);
      this.stored.push(blob.digest);
      return sibling ? 'mounted' : 'uploaded';
    });
  }

  count(...kinds: readonly ContentCallKind[]): number {
    return this.calls.filter(({ kind }) => kinds.includes(kind)).length;
  }

  /** Puts content in without counting it as a call. */
  seed(graph: Graph): this {
    for (const blob of graph.blobs) this.blobs.set(digestOf(blob), blob);
    for (const content of graph.manifests) this.manifests.set(content.digest, content);
    return this;
  }

  protected async perform<T>(
    kind: ContentCallKind,
    key: string,
    { signal }: ContentCallOptions,
    effect: () => T | Promise<T>,
  ): Promise<T> {
    const call = { kind, key };
    this.calls.push(call);
    const nth = this.calls.length;
    const active = (this.#active[kind] ?? 0) + 1;
    this.#active[kind] = active;
    this.peak[kind] = Math.max(this.peak[kind] ?? 0, active);
    this.underWay += 1;
    try {
      signal?.throwIfAborted();
      await this.options.before?.(call, nth);
      signal?.throwIfAborted();
      return await effect();
    } finally {
      this.#active[kind] = (this.#active[kind] ?? 0) - 1;
      this.underWay -= 1;
    }
  }

  #find(tagOrDigest: string): ManifestContent | undefined {
    const digest = isDigest(tagOrDigest) ? tagOrDigest : this.tags.get(tagOrDigest);
    return digest && this.manifests.get(digest);
  }

  #missingChildren(content: ManifestContent): readonly Digest[] {
    const manifest = parseManifest(content);
    if (manifest.kind === 'opaque') return [];
    if (manifest.kind === 'index') {
      if (this.options.acceptsSparse) return [];
      const known = (digest: Digest) => this.manifests.has(digest) || this.blobs.has(digest);
      return manifest.manifests.map(({ digest }) => digest).filter((digest) => !known(digest));
    }
    const blobs = [...(manifest.config ? [manifest.config] : []), ...manifest.layers];
    return blobs
      .filter(({ mediaType, digest }) => !isNonDistributable(mediaType) && !this.blobs.has(digest))
      .map(({ digest }) => digest);
  }
}

function notFound(what: string): RegistryError {
  return new RegistryError('E_NOT_FOUND', `${what} is not there.`, { status: 404 });
}

async function* chunksOf(bytes: Uint8Array, chunk = CHUNK): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += chunk) yield bytes.subarray(at, at + chunk);
}

type ByteCount = { readonly onBytes?: ((count: number) => void) | undefined };

async function firstChunk(open: () => Promise<AsyncIterable<Uint8Array>>, { onBytes }: ByteCount) {
  for await (const chunk of await open()) {
    onBytes?.(chunk.byteLength);
    return;
  }
}

async function readAll(chunks: AsyncIterable<Uint8Array>, { onBytes }: ByteCount): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    onBytes?.(chunk.byteLength);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** Content with its root; `blobs` and `manifests` are everything the root stands on, and the root itself. */
export interface Graph {
  readonly root: ManifestContent;
  readonly manifests: readonly ManifestContent[];
  readonly blobs: readonly Uint8Array[];
}

const OCI = 'application/vnd.oci.image';
export const INDEX = `${OCI}.index.v1+json`;
export const MANIFEST = `${OCI}.manifest.v1+json`;
export const LAYER = `${OCI}.layer.v1.tar+gzip`;
const FOREIGN_LAYER = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';

export function descriptorOf(bytes: string | Uint8Array, mediaType: string): Descriptor {
  const { digest, size } = manifestContent(Buffer.from(bytes), mediaType);
  return { mediaType, digest, size };
}

function document(mediaType: string, body: object): ManifestContent {
  return manifestContent(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...body })), mediaType);
}

export interface ImageParts {
  /** Layer texts; equal texts are equal blobs. */
  readonly layers?: readonly string[];
  /** Layers that stay at their own URLs. */
  readonly foreign?: readonly string[];
}

/** An image whose config and layers are made of the given texts. */
export function image(
  config: string,
  { layers = [`layer of ${config}`], foreign = [] }: ImageParts = {},
): Graph {
  const root = document(MANIFEST, {
    config: descriptorOf(config, `${OCI}.config.v1+json`),
    layers: [
      ...foreign.map((text) => ({
        ...descriptorOf(text, FOREIGN_LAYER),
        urls: ['https://example.com/layer'],
      })),
      ...layers.map((text) => descriptorOf(text, LAYER)),
    ],
  });
  return { root, manifests: [root], blobs: [config, ...layers].map((text) => Buffer.from(text)) };
}

/** An artifact as ORAS pushes it: the empty config and one file. */
export function artifact(text: string): Graph {
  const root = document(MANIFEST, {
    artifactType: 'application/vnd.example.thing',
    config: descriptorOf('{}', 'application/vnd.oci.empty.v1+json'),
    layers: [descriptorOf(text, 'text/plain')],
  });
  return { root, manifests: [root], blobs: [Buffer.from('{}'), Buffer.from(text)] };
}

export interface IndexEntry {
  readonly graph: Graph;
  /** `os/architecture[/variant]`. */
  readonly platform?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function index(...entries: readonly IndexEntry[]): Graph {
  const root = document(INDEX, {
    manifests: entries.map(({ graph, platform, annotations }) => ({
      ...descriptorOf(graph.root.bytes, graph.root.mediaType),
      ...(platform && { platform: platformOf(platform) }),
      ...(annotations && { annotations }),
    })),
    annotations: { 'org.example.kept': 'yes' },
  });
  return {
    root,
    manifests: [...entries.flatMap(({ graph }) => graph.manifests), root],
    blobs: entries.flatMap(({ graph }) => graph.blobs),
  };
}

function platformOf(text: string) {
  const [os, architecture, variant] = text.split('/');
  return { os, architecture, ...(variant && { variant }) };
}

/** What buildx makes: images that share a base layer, each with an attestation. */
export function multiPlatform(name: string, platforms: readonly string[]): Graph {
  const images = platforms.map((platform) => ({
    platform,
    graph: image(`${name} ${platform}`, { layers: [`base of ${name}`, `${name} for ${platform}`] }),
  }));
  const attestations = images.map(({ graph, platform }) => ({
    platform: 'unknown/unknown',
    graph: image(`attestation of ${name} ${platform}`),
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': graph.root.digest,
    },
  }));
  return index(...images, ...attestations);
}

/** A build cache: an index whose entries are blobs. */
export function buildCache(...texts: readonly string[]): Graph {
  const config = '{"layers":[]}';
  const root = document(INDEX, {
    manifests: [
      ...texts.map((text) => descriptorOf(text, LAYER)),
      descriptorOf(config, 'application/vnd.buildkit.cacheconfig.v0'),
    ],
  });
  return { root, manifests: [root], blobs: [...texts, config].map((text) => Buffer.from(text)) };
}

/** A document of a type nobody knows. */
export function unknownDocument(text: string): Graph {
  const root = manifestContent(Buffer.from(text), 'application/vnd.example.unknown.v1+json');
  return { root, manifests: [root], blobs: [] };
}
