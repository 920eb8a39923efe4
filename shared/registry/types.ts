import type { Descriptor, Digest, ManifestContent, RepositoryName } from '../content/index.ts';

/** Every call that waits takes a signal; aborting rejects with the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What became of a blob that was to be put into a repository. */
export type BlobOutcome = 'existing' | 'mounted' | 'uploaded';

export interface PushBlobOptions extends CallOptions {
  /** Another repository of the same registry that may hold the blob; tried with a cross-repository mount first. */
  readonly mountFrom?: string | undefined;
  /** Called with the number of bytes sent since the last call; bytes sent again count again. */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/** One repository of one registry, over distribution-spec 1.1. */
export interface Repository {
  readonly name: RepositoryName;

  /** All tags in the registry's order, page by page. An absent repository is `E_NOT_FOUND`. */
  tags(options?: CallOptions): AsyncIterable<string>;

  /**
   * What a tag or digest names, by HEAD (never counted as a pull). `undefined` when the registry says it is
   * not there; any other failure throws.
   */
  resolve(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined>;

  /** The manifest's exact bytes, checked against the digest asked for or announced. At most 4 MiB. */
  fetchManifest(tagOrDigest: string, options?: CallOptions): Promise<ManifestContent>;

  /** Puts the bytes as they are under a tag or under their own digest. The registry's digest must agree. */
  pushManifest(tagOrDigest: string, content: ManifestContent, options?: CallOptions): Promise<void>;

  /** Deletes a manifest by digest, or a tag where the registry allows it. Absent is `E_NOT_FOUND`. */
  deleteManifest(tagOrDigest: string, options?: CallOptions): Promise<void>;

  hasBlob(digest: Digest, options?: CallOptions): Promise<boolean>;

  /**
   * Streams a blob; the iteration ends normally only if every byte was right (`verified`). It holds a
   * connection until it is read to its end, left, or aborted, and can be iterated once.
   */
  openBlob(
    blob: Pick<Descriptor, 'digest' | 'size'>,
    options?: CallOptions,
  ): Promise<AsyncIterable<Uint8Array>>;

  /**
   * Makes the repository hold the blob: there already, mounted from a sibling, or uploaded from `open()`,
   * which is called again when the upload has to begin anew. A failure of the source is thrown as it is, and
   * never completes an upload.
   */
  pushBlob(
    blob: Pick<Descriptor, 'digest' | 'size'>,
    open: () => Promise<AsyncIterable<Uint8Array>>,
    options?: PushBlobOptions,
  ): Promise<BlobOutcome>;

  /** Absent is `E_NOT_FOUND`. */
  deleteBlob(digest: Digest, options?: CallOptions): Promise<void>;
}

/** THE registry client: speaks to any number of registries, keeps connections and tokens for each. */
export interface RegistryClient {
  /** Asks `/v2/`, with credentials if the registry wants them. Throws what is wrong. */
  ping(registry: string, options?: CallOptions): Promise<void>;
  repository(name: RepositoryName): Repository;
  /** Closes all connections; calls under way fail. */
  close(): Promise<void>;
}

/** User name and password (or token) for one registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Where credentials come from. `undefined` means: go anonymously. */
export interface CredentialSource {
  credentialsFor(registry: string, options?: CallOptions): Promise<Credentials | undefined>;
}
