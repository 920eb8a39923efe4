import type { ContainerClient } from '@azure/storage-blob';
import { withDeadline } from '../deadline.ts';
import {
  type ArchiveContainer,
  explainRefusal,
  type StorageCredential,
  type StoragePurpose,
  type StoredBlob,
} from '../transfer/index.ts';
import { openBlobFile } from './blob-file.ts';
import { createBlobSink } from './blob-sink.ts';
import { statusOf } from './entra-tokens.ts';
import { storageCodeOf, storageFailure } from './storage-failure.ts';
import { storedBlob } from './stored-blob.ts';

const TIMEOUT_MS = 60_000;

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
    name: string | undefined,
    run: (abortSignal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    try {
      return await withDeadline(TIMEOUT_MS, `${what(name)} did not answer`, run, signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw storageFailure(error, what(name), refusal);
    }
  }

  async function find(name: string, signal: AbortSignal | undefined): Promise<StoredBlob | undefined> {
    const blob = client.getBlobClient(name);
    return await call(
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
      const failure = (error: unknown) => storageFailure(error, what(name), refusal);
      return await openBlobFile(client.getBlobClient(name), { signal, failure });
    },

    create: (name, size, options = {}) =>
      createBlobSink(client.getBlockBlobClient(name), size, {
        ...options,
        failure: (error) => storageFailure(error, what(name), refusal),
      }),

    async tryToWrite(name, { signal } = {}) {
      const id = Buffer.from('probe').toString('base64');
      await call(
        name,
        (abortSignal) => client.getBlockBlobClient(name).stageBlock(id, 'probe', 5, { abortSignal }),
        signal,
      );
    },

    async remove({ name, etag }, { signal } = {}) {
      await call(
        name,
        async (abortSignal) => {
          try {
            await client
              .getBlobClient(name)
              .delete({ abortSignal, conditions: { ifMatch: etag }, deleteSnapshots: 'include' });
          } catch (error) {
            // Gone, or another by now. A lease that somebody has on it is a 412 as well.
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
