import { createHash } from 'node:crypto';
import { ArchiveError, StorageError } from '../../shared/errors.ts';
import type { ArchiveContainer, StoredBlob } from '../../shared/transfer/index.ts';

export const CONTAINER_URI = 'https://acme.blob.core.windows.net/between';

interface HeldBlob {
  readonly bytes: Buffer;
  readonly stored: StoredBlob;
}

export interface MemoryContainer extends ArchiveContainer {
  readonly blobs: ReadonlyMap<string, HeldBlob>;
}

export interface MemoryContainerOptions {
  /** Told before a blob is removed. */
  readonly onRemove?: (name: string) => void;
  /** Tells when blobs are written. Default: the clock. */
  readonly now?: () => Date;
}

/** A container of archives in memory, with the conditions and the errors of a real one. */
export function createMemoryContainer({
  onRemove = () => {},
  now = () => new Date(),
}: MemoryContainerOptions = {}): MemoryContainer {
  const blobs = new Map<string, HeldBlob>();
  let writes = 0;

  function held(name: string): HeldBlob {
    const blob = blobs.get(name);
    if (blob) return blob;
    throw new StorageError('E_STORAGE_NOT_FOUND', `Blob ${name} does not exist (BlobNotFound).`);
  }

  return {
    blobs,
    uri: CONTAINER_URI,
    find: async (name) => blobs.get(name)?.stored,

    async open(name) {
      const { stored, bytes } = held(name);
      return {
        ...stored,
        async read(offset, length) {
          if (blobs.get(name)?.stored.etag !== stored.etag)
            throw new ArchiveError(
              'E_ARCHIVE_INCOMPLETE',
              `Blob ${name} was replaced or removed while it was read.`,
            );
          return once(bytes.subarray(offset, offset + length));
        },
      };
    },

    create(name, size, { replaces, metadata = {} } = {}) {
      const chunks: Uint8Array[] = [];
      return {
        async write(chunk) {
          chunks.push(Uint8Array.from(chunk));
        },
        async commit() {
          const bytes = Buffer.concat(chunks);
          const there = blobs.get(name)?.stored.etag;
          const isFree = replaces === 'anything' || there === replaces?.etag;
          if (!isFree)
            throw new StorageError('E_BLOB_EXISTS', `Blob ${name} exists already and was left as it is.`);
          if (bytes.byteLength !== size) throw new Error(`${name} has ${bytes.byteLength} bytes of ${size}.`);
          writes += 1;
          const contentMd5 = createHash('md5').update(bytes).digest('base64');
          const stored = { name, size, etag: `"${writes}"`, modifiedAt: now(), contentMd5, metadata };
          blobs.set(name, { bytes, stored });
        },
        async abort() {},
      };
    },

    async tryToWrite() {},

    async remove({ name, etag }) {
      if (blobs.get(name)?.stored.etag !== etag) return;
      onRemove(name);
      blobs.delete(name);
    },

    async *list() {
      yield* [...blobs.values()].map(({ stored }) => stored);
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
