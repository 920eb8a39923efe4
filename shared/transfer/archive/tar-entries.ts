import { once } from 'node:events';
import { extract, type Header } from 'tar-stream';
import { ArchiveError } from '../../errors.ts';
import { compressionOf } from './compression.ts';
import { quoted } from './quoted.ts';
import type { RandomAccessFile } from './random-access.ts';
import { ReadAhead } from './read-ahead.ts';

/** One member of a tar archive, as its header describes it. */
export interface TarEntry {
  /** As it stands in the archive: not checked, possibly hostile. */
  readonly name: string;
  /** Bytes of content; 0 for directories. */
  readonly size: number;
  readonly type: 'file' | 'directory' | 'other';
  /** Where in the archive the content begins. */
  readonly dataOffset: number;
}

export interface TarEntriesOptions {
  readonly signal?: AbortSignal | undefined;
  readonly maxEntries?: number | undefined;
}

const BLOCK_BYTES = 512;
/** Header blocks of one entry with its pax or GNU long-name records; real ones take a few kilobytes. */
const MAX_HEADER_BYTES = 1024 * 1024;
const DEFAULT_MAX_ENTRIES = 100_000;

/**
 * Lists a tar archive by reading its headers only (ustar, pax and GNU long names): contents are jumped over.
 * Ends at the first block of zeros between entries, or at the end of the file.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` for what is not a tar archive, is compressed, truncated or has too many entries.
 */
export async function* tarEntries(
  file: RandomAccessFile,
  { signal, maxEntries = DEFAULT_MAX_ENTRIES }: TarEntriesOptions = {},
): AsyncGenerator<TarEntry, void, undefined> {
  const ahead = new ReadAhead(file, { signal });
  await refuseCompressed(ahead);
  let offset = 0;
  for (let count = 0; offset < file.size; count += 1) {
    signal?.throwIfAborted();
    if (isZero(await ahead.piece(offset, BLOCK_BYTES))) return;
    if (count === maxEntries) throw malformed(`The archive has more than ${maxEntries} entries.`);
    const entry = await readEntry(ahead, offset);
    const end = entry.dataOffset + entry.size;
    if (!(end <= file.size)) {
      throw malformed(
        `The archive is truncated: ${quoted(entry.name)} ends at byte ${end}, the file at byte ${file.size}.`,
      );
    }
    yield entry;
    offset = Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

async function refuseCompressed(ahead: ReadAhead): Promise<void> {
  const start = await ahead.piece(0, BLOCK_BYTES);
  const compression = compressionOf(start);
  if (compression) {
    throw malformed(
      `The archive is compressed with ${compression}. Compressed archives must be decompressed first: expected an uncompressed tar archive.`,
    );
  }
  if (start.byteLength < BLOCK_BYTES) {
    throw malformed(`A file of ${start.byteLength} bytes is not a tar archive.`);
  }
}

/**
 * Feeds a fresh parser block by block until it reports an entry, so that the number of blocks fed says where
 * the content begins, whatever records came before it. The parser never gets content and needs no clean-up.
 */
async function readEntry(ahead: ReadAhead, offset: number): Promise<TarEntry> {
  // With this mark every write is followed by 'drain' once the block was digested.
  const parser = extract({ highWaterMark: 1 });
  let header: Header | undefined;
  parser.on('entry', (headers) => {
    header = headers;
  });
  for (let fed = 0; fed < MAX_HEADER_BYTES; fed += BLOCK_BYTES) {
    const block = await ahead.piece(offset + fed, BLOCK_BYTES);
    if (block.byteLength < BLOCK_BYTES) {
      throw malformed(`The archive is truncated in the header that begins at byte ${offset}.`);
    }
    await feed(parser, block, offset);
    if (header) return describe(header, offset + fed + BLOCK_BYTES);
  }
  throw malformed(`The header that begins at byte ${offset} is longer than ${MAX_HEADER_BYTES} bytes.`);
}

async function feed(parser: ReturnType<typeof extract>, block: Uint8Array, offset: number): Promise<void> {
  const digested = once(parser, 'drain');
  parser.write(block);
  try {
    await digested;
  } catch (cause) {
    const what = offset === 0 ? 'This is not a tar archive' : `The archive is damaged at byte ${offset}`;
    throw malformed(`${what}: there is no valid tar header.`, { cause });
  }
}

function describe({ name, size, type }: Header, dataOffset: number): TarEntry {
  if (type === 'directory') return { name, size: 0, type, dataOffset };
  return { name, size, type: type === 'file' || type === 'contiguous-file' ? 'file' : 'other', dataOffset };
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

function malformed(message: string, options?: ErrorOptions): ArchiveError {
  return new ArchiveError('E_ARCHIVE_FORMAT', message, options);
}
