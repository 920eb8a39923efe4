import type { Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ArchiveError, InvalidInputError } from '../../errors.ts';
import type { RandomAccessFile } from './random-access.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * A local file. It is open only while it is read: an archive may have more parts than a process may open
 * files.
 * @throws InvalidInputError `E_ARGUMENT` when there is no such file, ArchiveError `E_ARCHIVE_FORMAT` when it
 * is a directory, a pipe or a device. Reading throws `E_ARCHIVE_INCOMPLETE` when the file was replaced.
 */
export async function openLocalFile(path: string): Promise<RandomAccessFile> {
  await using handle = await open(path, 'r').catch((cause: unknown) => {
    if (!isAbsent(cause)) throw cause;
    throw new InvalidInputError('E_ARGUMENT', `There is no file "${path}".`);
  });
  const stats = await handle.stat();
  if (stats.isDirectory()) {
    const advice = `Expected a tar archive; of an OCI layout make one with: tar -cf FILE -C "${path}" .`;
    throw new ArchiveError('E_ARCHIVE_FORMAT', `"${path}" is a folder. ${advice}`);
  }
  if (!stats.isFile()) throw new ArchiveError('E_ARCHIVE_FORMAT', `"${path}" is not a regular file.`);
  return {
    size: stats.size,
    read: async (offset, length, { signal } = {}) => readPart(path, stats, { offset, length, signal }),
  };
}

async function* readPart(
  path: string,
  found: Stats,
  { offset, length, signal }: { offset: number; length: number; signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  await using handle = await open(path, 'r').catch((cause: unknown) => {
    throw isAbsent(cause) ? replaced(path) : cause;
  });
  const { dev, ino } = await handle.stat();
  if (dev !== found.dev || ino !== found.ino) throw replaced(path);
  yield* readChunks(handle, offset, length, signal);
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

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function replaced(path: string): ArchiveError {
  return new ArchiveError(
    'E_ARCHIVE_INCOMPLETE',
    `"${path}" was removed or replaced while it was read. Begin again once nothing writes there.`,
  );
}
