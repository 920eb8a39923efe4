import { buffer } from 'node:stream/consumers';
import type { BlobClient } from '@azure/storage-blob';
import { InvalidInputError, TransportError } from '../errors.ts';
import { openBlobFile } from './blob-file.ts';

const MAX_BYTES = 1024 * 1024;

/**
 * Reads a small text such as a configuration.
 * @throws TransportError `E_TOO_LARGE` over 1 MiB; InvalidInputError `E_ARGUMENT` when it is not UTF-8.
 */
export async function readBlobText(blob: BlobClient, signal?: AbortSignal): Promise<string> {
  const file = await openBlobFile(blob, { signal });
  const what = `Blob ${blob.containerName}/${blob.name}`;
  if (file.size > MAX_BYTES)
    throw new TransportError(
      'E_TOO_LARGE',
      `${what} has ${file.size} bytes, at most ${MAX_BYTES} are read as text.`,
      { operation: 'read blob', side: 'storage' },
    );
  const bytes = await buffer(await file.read(0, file.size, { signal }));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new InvalidInputError('E_ARGUMENT', `${what} is not UTF-8 text.`, {
      operation: 'read blob',
      side: 'storage',
      cause,
    });
  }
}
