import { posix } from 'node:path';
import { ArchiveError } from '../../errors.ts';
import { entryPath, whyRefused } from './entry-path.ts';
import { quoted } from './quoted.ts';
import { type Extent, type RandomAccessFile, type ReadOptions, readBytes } from './random-access.ts';
import type { TarEntry } from './tar-entries.ts';

/** The files of an archive by path; nothing of it is ever unpacked. */
export interface ArchiveMembers {
  readonly file: RandomAccessFile;
  readonly files: ReadonlyMap<string, Extent>;
  /** Symbolic links to other paths in the archive. Only archives of `docker save` have any. */
  readonly links: ReadonlyMap<string, string>;
  /** Why the first entry that is not acceptable is refused. */
  readonly refusal: string | undefined;
}

/** Lists the files of an archive. Directories and unknown files are accepted. */
export async function archiveMembers(
  file: RandomAccessFile,
  entries: AsyncIterable<TarEntry> | Iterable<TarEntry>,
): Promise<ArchiveMembers> {
  const files = new Map<string, Extent>();
  const links = new Map<string, string>();
  let refusal: string | undefined;
  for await (const entry of entries) {
    const path = entryPath(entry.name);
    const target = linkWithin(path, entry);
    const reason =
      whyRefused(target === undefined ? entry : { ...entry, type: 'file' }) ??
      (files.has(path) || links.has(path) ? 'the archive has a file of that path already' : undefined);
    if (reason) refusal ??= `The archive's entry ${quoted(entry.name)} is refused: ${reason}.`;
    else if (target !== undefined) links.set(path, target);
    else if (entry.type === 'file') files.set(path, { offset: entry.dataOffset, size: entry.size });
  }
  return { file, files, links, refusal };
}

/** The target of a symbolic link, if it is a path inside the archive. */
function linkWithin(path: string, { type, linkTarget }: TarEntry): string | undefined {
  if (type !== 'other' || !linkTarget || linkTarget.startsWith('/')) return undefined;
  const target = posix.join(posix.dirname(path), linkTarget);
  return whyRefused({ name: target, type: 'file' }) === undefined ? entryPath(target) : undefined;
}

/**
 * Reads a small file of an archive.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` when it is missing or too large
 */
export async function readMember(
  { file, files }: Pick<ArchiveMembers, 'file' | 'files'>,
  path: string,
  maxBytes: number,
  options: ReadOptions,
): Promise<Uint8Array> {
  const extent = files.get(path);
  if (!extent) throw new ArchiveError('E_ARCHIVE_FORMAT', `The archive has no ${quoted(path)}.`);
  if (extent.size > maxBytes) {
    throw new ArchiveError(
      'E_ARCHIVE_FORMAT',
      `The archive's ${quoted(path)} is ${extent.size} bytes long; at most ${maxBytes} are allowed.`,
    );
  }
  return readBytes(file, extent.offset, extent.size, options);
}
