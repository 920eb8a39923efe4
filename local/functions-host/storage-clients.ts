import type { BlobServiceClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';
import { createCredential, resolveConnection } from './connections.ts';
import type { Settings } from './settings.ts';

/** A client for the blobs behind a connection. Throws `E_SETTING` when the connection is not set. */
export async function createBlobServiceClient(
  connectionName: string | undefined,
  settings: Settings,
): Promise<BlobServiceClient> {
  const { BlobServiceClient } = await import('@azure/storage-blob');
  const connection = resolveConnection(connectionName, 'blob', settings);
  return connection.kind === 'connectionString'
    ? BlobServiceClient.fromConnectionString(connection.connectionString)
    : new BlobServiceClient(connection.address, await createCredential(connection.clientId));
}

/** A client for the queues behind a connection. Throws `E_SETTING` when the connection is not set. */
export async function createQueueServiceClient(
  connectionName: string | undefined,
  settings: Settings,
): Promise<QueueServiceClient> {
  const { QueueServiceClient } = await import('@azure/storage-queue');
  const connection = resolveConnection(connectionName, 'queue', settings);
  return connection.kind === 'connectionString'
    ? QueueServiceClient.fromConnectionString(connection.connectionString)
    : new QueueServiceClient(connection.address, await createCredential(connection.clientId));
}

/** Whether a storage SDK error says that what was asked for is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 404;
}
