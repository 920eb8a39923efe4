import type { Descriptor, Digest } from '../../content/index.ts';
import { ArchiveError, describeError, IntegrityError, StorageError } from '../../errors.ts';
import type { ContentSource } from '../../imports/index.ts';
import { namesOfParts, type RandomAccessFile, readCatalog } from '../archive/index.ts';

/** A file that an archive consists of, whole or one of its parts. */
export interface ArchiveFile {
  readonly name: string;
  readonly file: RandomAccessFile;
}

/**
 * Opens the other parts of a split archive on request, and records which were opened and which are missing.
 */
export class PartFiles<File extends RandomAccessFile> {
  readonly #open: (name: string) => Promise<File>;
  readonly opened = new Map<string, File>();
  readonly missing: string[] = [];

  constructor(name: string, file: File, open: (name: string) => Promise<File>) {
    this.#open = open;
    this.opened.set(name, file);
  }

  readonly openPart = async (name: string): Promise<File | undefined> => {
    try {
      const file = await this.#open(name);
      this.opened.set(name, file);
      return file;
    } catch (error) {
      if (!(error instanceof StorageError && error.code === 'E_STORAGE_NOT_FOUND')) throw error;
      this.missing.push(name);
      return undefined;
    }
  };

  files(): readonly ArchiveFile[] {
    return [...this.opened].map(([name, file]) => ({ name, file }));
  }
}

export function isPartName(name: string): boolean {
  return namesOfParts(name) !== undefined;
}

/**
 * The same content, but integrity errors name the damaged file and are not retried: the stored file will be
 * the same the next time.
 */
export function nameDamagedFile(source: ContentSource, files: readonly ArchiveFile[]): ContentSource {
  const explain = async (error: unknown, digest: string): Promise<unknown> =>
    error instanceof IntegrityError ? await damaged(error, digest, files) : error;
  return {
    ...source,
    async fetchManifest(digest, options) {
      try {
        return await source.fetchManifest(digest, options);
      } catch (error) {
        throw await explain(error, digest);
      }
    },
    async openBlob(blob: Pick<Descriptor, 'digest' | 'size'>, options) {
      return explaining(await source.openBlob(blob, options), (error) => explain(error, blob.digest));
    },
  };
}

/** Not a generator: its `return` must reach the source even before the first `next`. */
function explaining(
  bytes: AsyncIterable<Uint8Array>,
  explain: (error: unknown) => Promise<unknown>,
): AsyncIterable<Uint8Array> {
  const pieces = bytes[Symbol.asyncIterator]();
  const iterator: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      try {
        return await pieces.next();
      } catch (error) {
        throw await explain(error);
      }
    },
    return: async () => (await pieces.return?.()) ?? { done: true, value: undefined },
  };
  return iterator;
}

async function damaged(
  cause: IntegrityError,
  digest: string,
  files: readonly ArchiveFile[],
): Promise<ArchiveError> {
  const name = (await fileWith(digest, files)) ?? files[0]?.name;
  return new ArchiveError(
    'E_ARCHIVE_FORMAT',
    `"${name}" is damaged: ${describeError(cause)} Transfer this file again; the others can stay.`,
  );
}

async function fileWith(digest: string, files: readonly ArchiveFile[]): Promise<string | undefined> {
  if (files.length === 1) return undefined;
  for (const { name, file } of files) {
    const { catalog } = await readCatalog(file);
    if (catalog.blobs.some((blob) => blob.digest === (digest as Digest))) return name;
  }
  return undefined;
}
