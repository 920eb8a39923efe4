import type { BlobServiceClient } from '@azure/storage-blob';
import { isNotFound } from './storage-clients.ts';

/** How far the host is with one version of one blob, for one function. */
interface BlobReceipt {
  /** Attempts started, including the current one. */
  readonly attempts: number;
  /** Succeeded or given up: not to be tried again. */
  readonly finished: boolean;
}

/** One version of a blob: a changed blob has another ETag and so another receipt. */
export interface BlobVersion {
  readonly container: string;
  readonly name: string;
  /** Without quotation marks. */
  readonly etag: string;
}

export interface BlobReceipts {
  /** Sees to it that there is a place for receipts; to be called before the others, and free from then on. */
  prepare(): Promise<void>;
  read(version: BlobVersion): Promise<BlobReceipt | undefined>;
  write(version: BlobVersion, receipt: BlobReceipt): Promise<void>;
}

/**
 * Receipts kept as empty blobs, where the Functions host keeps its own:
 * `blobreceipts/HOST/FUNCTION/ETAG/CONTAINER/BLOB` in the container `azure-webjobs-hosts`.
 */
export function createBlobReceipts(
  storage: BlobServiceClient,
  hostId: string,
  functionName: string,
): BlobReceipts {
  const container = storage.getContainerClient('azure-webjobs-hosts');
  let prepared = false;
  const blobFor = (version: BlobVersion) =>
    container.getBlockBlobClient(
      `blobreceipts/${hostId}/${functionName}/${version.etag}/${version.container}/${version.name}`,
    );
  return {
    prepare: async () => {
      if (!prepared) await container.createIfNotExists();
      prepared = true;
    },
    read: async (version) => {
      try {
        const { metadata = {} } = await blobFor(version).getProperties();
        return { attempts: Number(metadata.attempts ?? 0), finished: metadata.finished === 'true' };
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    write: async (version, { attempts, finished }) => {
      const metadata = { attempts: String(attempts), finished: String(finished) };
      await blobFor(version).upload('', 0, { metadata });
    },
  };
}
