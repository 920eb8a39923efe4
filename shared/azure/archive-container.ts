import type { ContainerClient } from '@azure/storage-blob';
import { withDeadline } from '../deadline.ts';
import { LongshoreError, StorageError, TransportError } from '../errors.ts';
import {
  type ArchiveContainer,
  explainRefusal,
  type StorageCredential,
  type StoragePurpose,
  type StoredBlob,
} from '../transfer/index.ts';
import { openBlobFile } from './blob-file.ts';
import { createBlobSink } from './blob-sink.ts';
import { identityFailure, isIdentityFailure, statusOf } from './entra-tokens.ts';
import { storedBlob } from './stored-blob.ts';

const TIMEOUT_MS = 60_000;

/** What errors carry as their `operation`. */
type StorageOperation = 'find blob' | 'read blob' | 'write blob' | 'delete blob' | 'list blobs';

/** Archives in a blob container. The client has the rights; `credential` and `purpose` say what to tell when they lack. */
export function createArchiveContainer(
  client: ContainerClient,
  credential: StorageCredential,
  purpose: StoragePurpose,
): ArchiveContainer {
  const refusal = refusalOf(credential, purpose);
  const what = (name?: string) =>
    name === undefined ? `Container ${client.containerName}` : `Blob ${client.containerName}/${name}`;

  async function call<T>(
    operation: StorageOperation,
    name: string | undefined,
    run: (abortSignal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    try {
      const context = { operation, side: 'storage' } as const;
      return await withDeadline(TIMEOUT_MS, `${what(name)} did not answer`, run, signal, context);
    } catch (error) {
      signal?.throwIfAborted();
      throw storageFailure(error, what(name), { operation, refusal });
    }
  }

  async function find(name: string, signal: AbortSignal | undefined): Promise<StoredBlob | undefined> {
    const blob = client.getBlobClient(name);
    return await call(
      'find blob',
      name,
      async (abortSignal) => {
        try {
          return storedBlob(name, await blob.getProperties({ abortSignal }));
        } catch (error) {
          // A HEAD says only that something is not there: the container, or the blob.
          if (statusOf(error) === 404) return undefined;
          throw error;
        }
      },
      signal,
    );
  }

  return {
    uri: client.url.replace(/\?.*$/s, ''),
    find: (name, { signal } = {}) => find(name, signal),

    async open(name, { signal } = {}) {
      const failure = (error: unknown) =>
        storageFailure(error, what(name), { operation: 'read blob', refusal });
      return await openBlobFile(client.getBlobClient(name), { signal, failure });
    },

    create: (name, size, options = {}) =>
      createBlobSink(client.getBlockBlobClient(name), size, {
        ...options,
        failure: (error) => storageFailure(error, what(name), { operation: 'write blob', refusal }),
      }),

    async tryToWrite(name, { signal } = {}) {
      const id = Buffer.from('probe').toString('base64');
      await call(
        'write blob',
        name,
        (abortSignal) => client.getBlockBlobClient(name).stageBlock(id, 'probe', 5, { abortSignal }),
        signal,
      );
    },

    async remove({ name, etag }, { signal } = {}) {
      await call(
        'delete blob',
        name,
        async (abortSignal) => {
          try {
            await client
              .getBlobClient(name)
              .delete({ abortSignal, conditions: { ifMatch: etag }, deleteSnapshots: 'include' });
          } catch (error) {
            // Removed or replaced meanwhile. A lease on the blob is a 412 as well.
            const isGone = statusOf(error) === 404 || storageCodeOf(error) === 'ConditionNotMet';
            if (!isGone) throw error;
          }
        },
        signal,
      );
    },

    async *list({ signal } = {}) {
      let continuationToken: string | undefined;
      do {
        const page = await call(
          'list blobs',
          undefined,
          async (abortSignal) => {
            const pages = client
              .listBlobsFlat({ includeMetadata: true, abortSignal })
              .byPage(continuationToken ? { continuationToken } : {});
            return (await pages.next()).value;
          },
          signal,
        );
        for (const { name, properties, metadata } of page?.segment.blobItems ?? []) {
          const found = storedBlob(name, { ...properties, ...(metadata && { metadata }) });
          if (found) yield found;
        }
        continuationToken = page?.continuationToken || undefined;
      } while (continuationToken);
    },
  };
}

function refusalOf(credential: StorageCredential, purpose: StoragePurpose): string {
  if (credential.kind === 'sas') return explainRefusal(credential.sas, purpose);
  const role = purpose === 'export' ? 'Storage Blob Data Contributor' : 'Storage Blob Data Reader';
  const more = purpose === 'export' ? '' : ' (Contributor, if it is to delete what was imported)';
  return `Give the identity of this program the role "${role}"${more} on the container, and check that the network of the account is open to it.`;
}

/**
 * What the storage SDK threw, in our words and without it: its errors keep the request, whose URL may hold a SAS.
 * @param what what was asked of storage, as a subject: `Blob transfer/app.tar`
 * @param context what was asked, and why storage may have said 403, with what to do
 */
function storageFailure(
  error: unknown,
  what: string,
  { operation, refusal }: { readonly operation: StorageOperation; readonly refusal: string },
): LongshoreError {
  const context = { operation, side: 'storage' } as const;
  if (error instanceof LongshoreError) return error;
  if (isIdentityFailure(error)) return identityFailure(error, 'a token for Azure Storage', context);
  const status = statusOf(error);
  const code = storageCodeOf(error);
  switch (status) {
    case 401:
    case 403:
      return new StorageError(
        'E_STORAGE_DENIED',
        `${what} was refused by storage (${[status, code].filter(Boolean).join(' ')}). ${refusal}`,
        context,
      );
    case 404:
      return new StorageError(
        'E_STORAGE_NOT_FOUND',
        code === 'ContainerNotFound'
          ? `${what}: the container does not exist. Create it, or correct its name.`
          : `${what} does not exist${code ? ` (${code})` : ''}.`,
        context,
      );
    default: {
      const how = status === undefined ? 'could not be reached' : `answered ${status} ${code}`.trim();
      return new TransportError('E_NETWORK', `${what}: storage ${how}. Try again later.`, context);
    }
  }
}

/** Storage's own word for what is wrong, such as `BlobAlreadyExists`; nothing else of the answer. */
function storageCodeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Za-z_]{1,80}$/.test(code) ? code : '';
}
