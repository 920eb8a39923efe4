import { ArchiveError } from '../../errors.ts';
import type { ArchiveCatalog } from './archive.ts';
import { MAX_CATALOG_BYTES, parseCatalog } from './catalog.ts';
import { type OpenArchiveOptions, openArchive } from './open-archive.ts';
import { type RandomAccessFile, readBytes } from './random-access.ts';

const OPENING_BRACE = 0x7b;

/**
 * Reads the catalog of an archive, or a `catalog.json` extracted from one: enough as the base of a
 * differential archive.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` also for an archive that Longshore did not write, which has none
 */
export async function readCatalog(
  file: RandomAccessFile,
  options: OpenArchiveOptions = {},
): Promise<ArchiveCatalog> {
  const [first] = await readBytes(file, 0, Math.min(file.size, 1), options);
  if (first === OPENING_BRACE && file.size <= MAX_CATALOG_BYTES && !options.trustedKeys) {
    const bytes = await readBytes(file, 0, file.size, options);
    return { catalog: parseCatalog(bytes), bytes, signature: undefined };
  }
  await using archive = await openArchive(file, options);
  if (archive.catalog) return archive.catalog;
  throw new ArchiveError(
    'E_ARCHIVE_FORMAT',
    'The archive has no catalog, so its content is unknown. Expected an archive that Longshore wrote, or its catalog.json.',
  );
}
