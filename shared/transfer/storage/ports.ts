import type { RandomAccessFile } from '../archive/index.ts';
import type { ArchiveSink } from '../export/index.ts';
import type { SasToken } from './sas-token.ts';
import type { SecretSource } from './secret-source.ts';

export interface StorageCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A blob as storage describes it. */
export interface StoredBlob {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: Date;
  /** Of the whole content, in base64, when it was kept. */
  readonly contentMd5: string | undefined;
  /** Keys in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An open blob. Reading it after it was replaced is an error. */
export interface OpenedBlob extends StoredBlob, RandomAccessFile {}

export interface CreateBlobOptions extends StorageCallOptions {
  /** What may be there: nothing (default), anything, or only the blob with this ETag. */
  readonly replaces?: 'anything' | { readonly etag: string } | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * A blob container with archives. All calls throw StorageError `E_STORAGE_DENIED` that names the right that lacks,
 * `E_STORAGE_NOT_FOUND` for what is not there, and TransportError; none holds a SAS token.
 */
export interface ArchiveContainer {
  readonly uri: string;
  find(name: string, options?: StorageCallOptions): Promise<StoredBlob | undefined>;
  open(name: string, options?: StorageCallOptions): Promise<OpenedBlob>;
  /**
   * Opens a blob of `size` bytes for writing; it is invisible until committed. `commit` throws StorageError
   * `E_BLOB_EXISTS` when an existing blob may not be replaced.
   */
  create(name: string, size: number, options?: CreateBlobOptions): ArchiveSink;
  /** Checks whether a blob of that name can be written; leaves nothing visible. */
  tryToWrite(name: string, options?: StorageCallOptions): Promise<void>;
  /** Deletes the blob if its ETag still matches. A missing blob is no error. */
  remove(blob: Pick<StoredBlob, 'name' | 'etag'>, options?: StorageCallOptions): Promise<void>;
  list(options?: StorageCallOptions): AsyncIterable<StoredBlob>;
}

export type StoragePurpose = 'export' | 'import';

/** How a container is opened: with a SAS token, or as an identity. */
export type StorageCredential =
  | { readonly kind: 'sas'; readonly sas: SasToken }
  | { readonly kind: 'identity'; readonly clientId?: string | undefined };

/** Opens containers, without a request to storage. */
export interface ContainerOpener {
  open(uri: string, credential: StorageCredential, purpose: StoragePurpose): Promise<ArchiveContainer>;
}

/** Looks up keys and tokens when they are needed. */
export interface SecretReader {
  read(
    source: SecretSource,
    options?: StorageCallOptions & {
      /** Which of several user-assigned identities reads it. */
      readonly clientId?: string | undefined;
      /** What errors call the place. Default: where the secret is kept. */
      readonly where?: string | undefined;
    },
  ): Promise<string>;
}

/** How archives are reached: containers, and the secrets that open them. */
export interface StorageAccess {
  readonly containers: ContainerOpener;
  readonly secrets: SecretReader;
  readonly now: () => Date;
}
