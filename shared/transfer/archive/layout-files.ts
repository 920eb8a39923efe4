import { LAYOUT_FILE, LAYOUT_INDEX_FILE } from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import { entryPath, whyRefused } from './entry-path.ts';
import { quoted } from './quoted.ts';
import type { TarEntry } from './tar-entries.ts';

/** Where a file's content lies in the archive, in bytes. */
export interface Extent {
  readonly offset: number;
  readonly size: number;
}

const SHOWN_PATHS = 5;

/**
 * The files of an image layout by path. Directories and files a layout does not know are tolerated.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` for entries no layout needs, for two files of one path, and when what
 * makes a layout is missing; then it says what was found.
 */
export async function layoutFiles(entries: AsyncIterable<TarEntry>): Promise<ReadonlyMap<string, Extent>> {
  const files = new Map<string, Extent>();
  let refusal: string | undefined;
  for await (const entry of entries) {
    const path = entryPath(entry.name);
    const reason =
      whyRefused(entry) ?? (files.has(path) ? 'the archive has a file of that path already' : undefined);
    if (reason) refusal ??= `The archive's entry ${quoted(entry.name)} is refused: ${reason}.`;
    else if (entry.type === 'file') files.set(path, { offset: entry.dataOffset, size: entry.size });
  }
  // Before the refusal: an archive of another kind may well have links, but they are not what is wrong with it.
  const missing = [LAYOUT_FILE, LAYOUT_INDEX_FILE].filter((path) => !files.has(path));
  if (missing.length > 0) {
    throw malformed(
      `This is not an OCI image layout archive: ${missing.join(' and ')} not found at the top level. ${whatWasFound(files)}`,
    );
  }
  if (refusal) throw malformed(refusal);
  return files;
}

function whatWasFound(files: ReadonlyMap<string, Extent>): string {
  if (files.size === 0) return 'The archive has no files.';
  if (files.has('manifest.json')) {
    return 'It has a manifest.json, as archives of older "docker save" commands do; convert it with "skopeo copy docker-archive:FILE oci-archive:FILE".';
  }
  const shown = [...files.keys()].slice(0, SHOWN_PATHS).map(quoted).join(', ');
  const more = files.size > SHOWN_PATHS ? ` and ${files.size - SHOWN_PATHS} more` : '';
  return `Found: ${shown}${more}.`;
}

function malformed(message: string): ArchiveError {
  return new ArchiveError('E_ARCHIVE_FORMAT', message);
}
