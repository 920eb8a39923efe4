import { type FileHandle, open } from 'node:fs/promises';
import { ArchiveError, InvalidInputError } from '../../errors.ts';
import type { RandomAccessFile } from './random-access.ts';

const CHUNK_BYTES = 256 * 1024;

/** A file on this machine, held open until it is disposed of: `await using file = await openLocalFile(path)`. */
export interface LocalFile extends RandomAccessFile, AsyncDisposable {}

/**
 * @throws InvalidInputError `E_ARGUMENT` when there is no such file, ArchiveError `E_ARCHIVE_FORMAT` when it is
 * a directory, a pipe or a device.
 */
export async function openLocalFile(path: string): Promise<LocalFile> {
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    throw new InvalidInputError('E_ARGUMENT', `There is no file "${path}".`);
  });
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) {
      const advice = `Expected a tar archive; of an OCI layout make one with: tar -cf FILE -C "${path}" .`;
      throw new ArchiveError('E_ARCHIVE_FORMAT', `"${path}" is a folder. ${advice}`);
    }
    if (!stats.isFile()) throw new ArchiveError('E_ARCHIVE_FORMAT', `"${path}" is not a regular file.`);
    return {
      size: stats.size,
      read: async (offset, length, { signal } = {}) => readChunks(handle, offset, length, signal),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* readChunks(
  handle: FileHandle,
  offset: number,
  length: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const end = offset + length;
  for (let position = offset; position < end; ) {
    signal?.throwIfAborted();
    const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - position));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) {
      throw new ArchiveError(
        'E_ARCHIVE_INCOMPLETE',
        `The file ended at byte ${position} while it was read; it had more bytes when it was opened.`,
      );
    }
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
