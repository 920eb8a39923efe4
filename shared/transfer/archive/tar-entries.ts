import { once } from 'node:events';
import { extract, type Header } from 'tar-stream';
import type { ArchiveError } from '../../errors.ts';
import { BufferedReader } from './buffered-reader.ts';
import { compressionOf } from './compression.ts';
import { malformed } from './malformed.ts';
import { quoted } from './quoted.ts';
import type { RandomAccessFile } from './random-access.ts';
import type { TarBytes } from './tar-bytes.ts';
import { BLOCK_BYTES, paddingBytes } from './tar-format.ts';

/** One member of a tar archive, as its header describes it. */
export interface TarEntry {
  /** As stored in the archive: not checked, possibly hostile. */
  readonly name: string;
  /** Bytes of content; 0 for directories. */
  readonly size: number;
  readonly type: 'file' | 'directory' | 'other';
  /** Where in the archive the content begins. */
  readonly dataOffset: number;
  /** The target of a link, as stored in the archive. */
  readonly linkTarget?: string | undefined;
}

export interface TarEntriesOptions {
  readonly signal?: AbortSignal | undefined;
  readonly maxEntries?: number | undefined;
  /** Begin with the header at this byte. */
  readonly from?: number | undefined;
}

/** Header blocks of one entry with its pax or GNU long-name records; real ones take a few kilobytes. */
const MAX_HEADER_BYTES = 1024 * 1024;
const DEFAULT_MAX_ENTRIES = 100_000;
/** Of all names and link targets together; a caller may keep them in memory. */
const MAX_NAMES_LENGTH = 32 * 1024 * 1024;
/** Zeros that fill up the last record: 10 KiB for most programs, some hundred for tapes. */
const MAX_PADDING_BYTES = 1024 * 1024;
const PIECE_BYTES = 64 * 1024;

/**
 * Lists a tar archive by reading its headers only (ustar, pax and GNU long names): contents are skipped. Ends
 * at the first block of zeros between entries, which only zeros may follow, or at the end of the file. A
 * truncated entry is reported when the next one is requested.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` for a file that is not a tar archive, is compressed, truncated,
 * continues after its end or has too many entries.
 */
export function tarEntries(
  file: RandomAccessFile,
  options: TarEntriesOptions = {},
): AsyncGenerator<TarEntry, void, undefined> {
  return entriesIn(new BufferedReader(file, { signal: options.signal }), options);
}

/** The same for bytes that are not in a file. */
export async function* entriesIn(
  bytes: TarBytes,
  { signal, maxEntries = DEFAULT_MAX_ENTRIES, from = 0 }: TarEntriesOptions = {},
): AsyncGenerator<TarEntry, void, undefined> {
  if (from === 0) refuseOthers(await bytes.piece(0, BLOCK_BYTES));
  let offset = from;
  let namesLength = 0;
  for (let count = 0; ; count += 1) {
    signal?.throwIfAborted();
    const block = await bytes.piece(offset, BLOCK_BYTES);
    if (isZero(block)) return await refuseMore(bytes, offset, signal);
    if (count === maxEntries) throw malformed(`The archive has more than ${maxEntries} entries.`);
    const entry = await readEntry(bytes, offset);
    namesLength += entry.name.length + (entry.linkTarget?.length ?? 0);
    if (namesLength > MAX_NAMES_LENGTH) throw malformed('The names in the archive are too long.');
    const end = entry.dataOffset + entry.size;
    if (!Number.isSafeInteger(end)) throw truncated(entry, end, 'before that');
    yield entry;
    const size = await bytes.sizeBelow(end);
    if (size !== undefined) throw truncated(entry, end, `at byte ${size}`);
    offset = end + paddingBytes(end);
  }
}

function refuseOthers(start: Uint8Array): void {
  const compression = compressionOf(start);
  if (compression) {
    throw malformed(
      `The archive is compressed with ${compression}. Expected a tar archive, plain or compressed with gzip or zstd.`,
    );
  }
  if (start.byteLength < BLOCK_BYTES) {
    throw malformed(`A file of ${start.byteLength} bytes is not a tar archive.`);
  }
}

/** Some programs would read entries after the end, others would not. */
async function refuseMore(bytes: TarBytes, end: number, signal: AbortSignal | undefined): Promise<void> {
  for (let at = end; at < end + MAX_PADDING_BYTES; at += PIECE_BYTES) {
    signal?.throwIfAborted();
    const piece = await bytes.piece(at, PIECE_BYTES);
    const other = piece.findIndex((byte) => byte !== 0);
    if (other >= 0)
      throw malformed(`The archive goes on after its end: there is more at byte ${at + other}.`);
    if (piece.byteLength < PIECE_BYTES) return;
  }
  throw malformed(`The archive goes on after its end, with more than ${MAX_PADDING_BYTES} bytes.`);
}

/**
 * Feeds a fresh parser block by block until it reports an entry, so that the number of blocks fed says where
 * the content begins, whatever records came before it. The parser never gets content and needs no clean-up.
 */
async function readEntry(bytes: TarBytes, offset: number): Promise<TarEntry> {
  // With this high-water mark every write is followed by 'drain' once the parser has consumed the block.
  const parser = extract({ highWaterMark: 1 });
  let header: Header | undefined;
  parser.on('entry', (headers) => {
    header = headers;
  });
  for (let fed = 0; fed < MAX_HEADER_BYTES; fed += BLOCK_BYTES) {
    const block = await bytes.piece(offset + fed, BLOCK_BYTES);
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
  } catch {
    // The parser's message guesses at compression, which was ruled out before.
    const what = offset === 0 ? 'This is not a tar archive' : `The archive is damaged at byte ${offset}`;
    throw malformed(`${what}: there is no valid tar header.`);
  }
}

function describe({ name, size, type, linkname }: Header, dataOffset: number): TarEntry {
  if (type === 'directory') return { name, size: 0, type, dataOffset };
  if (type === 'symlink' || type === 'link') {
    return { name, size, type: 'other', dataOffset, linkTarget: linkname ?? '' };
  }
  return { name, size, type: type === 'file' || type === 'contiguous-file' ? 'file' : 'other', dataOffset };
}

function truncated({ name }: TarEntry, end: number, where: string): ArchiveError {
  return malformed(`The archive is truncated: ${quoted(name)} ends at byte ${end}, the file ${where}.`);
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}
