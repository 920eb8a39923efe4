import path from 'node:path';
import { InvalidInputError, StorageError } from '../../errors.ts';
import { openLocalFile, type RandomAccessFile } from '../archive/index.ts';
import { type ArchiveSink, createLocalSink } from '../export/index.ts';
import {
  CATEGORY,
  checkSasToken,
  isUrl,
  parseBlobUrl,
  parseSasToken,
  type SasRight,
  type StorageAccess,
  type StorageCredential,
} from '../storage/index.ts';

/** An archive and its parts: a file on this machine, or a blob. */
export interface ArchiveLocation {
  /** Its file name, without folder or container. */
  readonly name: string;
  /** For people; without the query of a URL, which may be a secret. */
  readonly shown: string;
  /** A file beside the archive, or the archive itself; `undefined` when there is none. */
  open(name: string, signal?: AbortSignal): Promise<RandomAccessFile | undefined>;
  create(name: string, size: number, signal?: AbortSignal): Promise<ArchiveSink>;
}

export interface LocationOptions {
  readonly storage: Pick<StorageAccess, 'containers' | 'now'>;
  /** Used when the address has none; without either, the identity of this program. */
  readonly sasToken?: string | undefined;
  readonly purpose: 'export' | 'import';
  /** Replace what is there. */
  readonly overwrite?: boolean | undefined;
  /** What the command will do there. */
  readonly rights: readonly SasRight[];
}

/** @throws InvalidInputError for an address that cannot be used; StorageError for a SAS token that cannot be */
export async function archiveLocation(location: string, options: LocationOptions): Promise<ArchiveLocation> {
  return isUrl(location) ? await blobLocation(location, options) : localLocation(location, options);
}

function localLocation(location: string, { overwrite }: LocationOptions): ArchiveLocation {
  const folder = path.dirname(location);
  return {
    name: path.basename(location),
    shown: location,
    async open(name) {
      const file = path.join(folder, name);
      try {
        return await openLocalFile(file);
      } catch (error) {
        if (error instanceof InvalidInputError && file !== path.normalize(location)) return undefined;
        throw error;
      }
    },
    create: (name) => createLocalSink(path.join(folder, name), { overwrite }),
  };
}

async function blobLocation(location: string, options: LocationOptions): Promise<ArchiveLocation> {
  const { storage, purpose, overwrite, rights } = options;
  const { uri, name, sasToken } = parseBlobUrl(location);
  const token = options.sasToken ?? sasToken;
  const credential: StorageCredential =
    token === undefined ? { kind: 'identity' } : { kind: 'sas', sas: parseSasToken(token) };
  if (credential.kind === 'sas') checkSasToken(credential.sas, rights, storage.now());
  const container = await storage.containers.open(uri, credential, purpose);
  return {
    name,
    shown: `${uri}/${name}`,
    async open(blob, signal) {
      try {
        return await container.open(blob, { signal });
      } catch (error) {
        const isAbsent = error instanceof StorageError && error.code === 'E_STORAGE_NOT_FOUND';
        if (isAbsent && blob !== name) return undefined;
        throw error;
      }
    },
    create: async (blob, size, signal) => {
      // Seen before everything is read and sent, where the right to look is given.
      const there = overwrite ? undefined : await container.find(blob, { signal }).catch(unlessDenied);
      if (there) {
        throw new StorageError(
          'E_BLOB_EXISTS',
          `There is a blob "${uri}/${blob}" already. It was not changed; --overwrite replaces it.`,
        );
      }
      const metadata = { [CATEGORY.key]: CATEGORY.value };
      return container.create(blob, size, { replaces: overwrite ? 'anything' : undefined, metadata, signal });
    },
  };
}

function unlessDenied(error: unknown): undefined {
  if (!(error instanceof StorageError && error.code === 'E_STORAGE_DENIED')) throw error;
}
