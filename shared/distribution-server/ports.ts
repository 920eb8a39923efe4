import type { Descriptor, Digest, ManifestContent } from '../content/index.ts';
import type { ByteRange } from './byte-range.ts';
import type { ManifestMetadata } from './manifest-metadata.ts';
import type { Page } from './pagination.ts';

/**
 * The storage ports. Names, tags, digests and upload ids come checked: they fit the grammar of the distribution-spec
 * and hold no path. A method may throw `DistributionError` to answer in the protocol's words, and should reject soon
 * after its signal aborts.
 */
export interface StorageCall {
  readonly signal: AbortSignal;
}

/** Repositories to pull from. The only port a server cannot do without. */
export interface PullStorage {
  /** `undefined`: the client is told `NAME_UNKNOWN`. */
  repository(name: string, call: StorageCall): Promise<PullRepository | undefined>;
}

export interface PullRepository {
  /** `undefined`: `MANIFEST_UNKNOWN`. Must not read the content: HEAD asks too. */
  findManifest(tagOrDigest: string, call: StorageCall): Promise<StoredManifest | undefined>;
  /** `undefined`: `BLOB_UNKNOWN`. Must not read the content: HEAD asks too. */
  findBlob(digest: Digest, call: StorageCall): Promise<StoredBlob | undefined>;
  /** In ASCII order. `pageOf` cuts a page out of a whole list. */
  tags(page: Page, call: StorageCall): Promise<readonly string[]>;
  /** Descriptors of all manifests whose subject is `digest`, with artifact type and annotations. */
  referrers(digest: Digest, call: StorageCall): Promise<readonly Descriptor[]>;
}

export interface StoredManifest extends Pick<Descriptor, 'mediaType' | 'digest' | 'size'> {
  /** All `size` bytes; `undefined` when it was deleted meanwhile. */
  read(call: StorageCall): Promise<Uint8Array | undefined>;
}

export interface StoredBlob {
  /** In bytes. */
  readonly size: number;
  /** Exactly the bytes of the range, or all; `undefined` when it was deleted meanwhile. */
  read(range: ByteRange | undefined, call: StorageCall): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** Lists repositories, where `/v2/_catalog` is served. */
export interface CatalogStorage {
  /** In ASCII order. `pageOf` cuts a page out of a whole list. */
  repositories(page: Page, call: StorageCall): Promise<readonly string[]>;
}

/** Takes pushes. A repository comes into being with the first content put in it. */
export interface PushStorage {
  readonly uploads: UploadStorage;
  /** Whether the repository holds a blob or manifest of this digest. */
  hasContent(repository: string, digest: Digest, call: StorageCall): Promise<boolean>;
  /** Resolves when manifest and tag are durable; the tag never names what cannot be read. */
  putManifest(repository: string, manifest: PushedManifest, call: StorageCall): Promise<void>;
  /** Makes a blob of the repository `from` one of this repository; `false` when that is not possible. */
  mountBlob(repository: string, digest: Digest, from: string, call: StorageCall): Promise<boolean>;
}

export interface PushedManifest {
  readonly content: ManifestContent;
  readonly metadata: ManifestMetadata;
  /** Absent: pushed by digest. */
  readonly tag: string | undefined;
}

/**
 * Blob uploads in progress. Each belongs to one repository; its state is the bytes that arrived. Steps on one upload run one
 * after the other. Where a result may be `undefined`, that means there is no such upload.
 */
export interface UploadStorage {
  /** The id: a lower-case UUID. */
  start(repository: string, call: StorageCall): Promise<string>;
  /** Bytes that arrived. */
  size(repository: string, id: string, call: StorageCall): Promise<number | undefined>;
  /**
   * Adds chunks at the end; with `offset` only if the end is there. What arrived before `chunks` failed stays, so that
   * a client can go on after a lost connection.
   */
  append(
    repository: string,
    id: string,
    chunks: AsyncIterable<Uint8Array>,
    offset: number | undefined,
    call: StorageCall,
  ): Promise<AppendResult | undefined>;
  /** Makes the bytes a blob of the repository if they have the digest. Either way the upload is gone. */
  finish(
    repository: string,
    id: string,
    digest: Digest,
    call: StorageCall,
  ): Promise<'stored' | 'wrong-digest' | undefined>;
  /** `false`: there is no such upload. */
  cancel(repository: string, id: string, call: StorageCall): Promise<boolean>;
}

export interface AppendResult {
  readonly kind: 'appended' | 'wrong-offset';
  /** Bytes that arrived, in all. */
  readonly size: number;
}

/** Deletes content. Each resolves to `false` when there is nothing of that name in the repository. */
export interface DeletionStorage {
  /** The manifest stays. */
  deleteTag(repository: string, tag: string, call: StorageCall): Promise<boolean>;
  /** With all tags that name it. */
  deleteManifest(repository: string, digest: Digest, call: StorageCall): Promise<boolean>;
  deleteBlob(repository: string, digest: Digest, call: StorageCall): Promise<boolean>;
}
