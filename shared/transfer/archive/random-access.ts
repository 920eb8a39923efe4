import { ArchiveError } from '../../errors.ts';

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A range of a file, in bytes. */
export interface Extent {
  readonly offset: number;
  readonly size: number;
}

/** A file of known size of which any part can be read: a local file, or a blob read by ranges. */
export interface RandomAccessFile {
  /** In bytes. */
  readonly size: number;
  /**
   * Streams `length` bytes from `offset` on, both within the file. The iteration ends after exactly that many
   * bytes or throws.
   */
  read(offset: number, length: number, options?: ReadOptions): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * Reads a part into memory; the caller bounds `length`.
 * @throws ArchiveError `E_ARCHIVE_INCOMPLETE` when the file yields fewer or more bytes.
 */
export async function readBytes(
  file: RandomAccessFile,
  offset: number,
  length: number,
  options: ReadOptions = {},
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const chunk of await file.read(offset, length, options)) {
    if (filled + chunk.byteLength > length)
      throw wrongLength(offset, length, `at least ${filled + chunk.byteLength}`);
    bytes.set(chunk, filled);
    filled += chunk.byteLength;
  }
  if (filled !== length) throw wrongLength(offset, length, `${filled}`);
  return bytes;
}

function wrongLength(offset: number, expected: number, actual: string): ArchiveError {
  return new ArchiveError(
    'E_ARCHIVE_INCOMPLETE',
    `Reading ${expected} bytes of the archive from byte ${offset} on gave ${actual}. Was it replaced while it was read?`,
  );
}
