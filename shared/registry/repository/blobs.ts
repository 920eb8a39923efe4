import { type Descriptor, type Digest, verified } from '../../content/index.ts';
import { RegistryError } from '../../errors.ts';
import type { Access } from '../auth/index.ts';
import { operationOn, pathOf, type RepositoryContext, scopeFor } from '../endpoint/index.ts';
import type { CallOptions, RetryBudget } from '../http/index.ts';
import { contextOf, NO_HEAD } from '../protocol/index.ts';
import { BlobDownload } from './blob-download.ts';
import { deleteAt } from './deletion.ts';

interface LookOptions extends CallOptions {
  /** Shared with the operation that this is a part of. */
  readonly retries?: RetryBudget | undefined;
}

/** See `Repository.hasBlob`. `access` tells which token to use: one that is needed anyway saves another. */
export async function hasBlob(
  context: RepositoryContext,
  digest: Digest,
  { retries, signal }: LookOptions = {},
  access: Access = 'pull',
): Promise<boolean> {
  const response = await context.endpoint.request({
    operation: operationOn(context, 'check blob', digest),
    method: 'HEAD',
    url: pathOf(context, `blobs/${digest}`),
    scopes: [scopeFor(context, access)],
    expect: [200, 404, ...NO_HEAD],
    retries,
    signal,
  });
  await response.body.discard();
  if (NO_HEAD.includes(response.status))
    return await canReadBlob(context, digest, { retries, signal }, access);
  return response.status === 200;
}

/** Some proxies and storage gateways refuse HEAD. One byte asked for says as much. */
async function canReadBlob(
  context: RepositoryContext,
  digest: Digest,
  { retries, signal }: LookOptions,
  access: Access,
): Promise<boolean> {
  try {
    const response = await context.endpoint.request({
      operation: operationOn(context, 'check blob', digest),
      method: 'GET',
      url: pathOf(context, `blobs/${digest}`),
      scopes: [scopeFor(context, access)],
      headers: { range: 'bytes=0-0' },
      // An empty blob has no first byte.
      expect: [200, 206, 416],
      retries,
      signal,
    });
    await response.body.discard();
    return true;
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'E_NOT_FOUND') return false;
    throw error;
  }
}

/** See `Repository.openBlob`. */
export async function openBlob(
  context: RepositoryContext,
  blob: Pick<Descriptor, 'digest' | 'size'>,
  { signal }: CallOptions = {},
): Promise<AsyncIterable<Uint8Array>> {
  const download = new BlobDownload(context, blob, signal);
  await download.open();
  return stoppable(download, verified(download.chunks(), blob, contextOf(download.operation)));
}

/** A generator that was never started runs no `finally`: this frees the connection also before the first byte. */
function stoppable(
  download: BlobDownload,
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => chunks.next(),
      async return() {
        download.stop();
        return { done: true, value: undefined };
      },
    }),
  };
}

/** See `Repository.deleteBlob`. */
export async function deleteBlob(
  context: RepositoryContext,
  digest: Digest,
  options: CallOptions = {},
): Promise<void> {
  const operation = operationOn(context, 'delete blob', digest);
  await deleteAt(context, pathOf(context, `blobs/${digest}`), operation, options);
}
