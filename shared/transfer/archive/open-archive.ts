import { LAYOUT_FILE, LAYOUT_INDEX_FILE } from '../../content/index.ts';
import type { ArchiveError } from '../../errors.ts';
import type { Archive } from './archive.ts';
import { type ArchiveMembers, archiveMembers } from './archive-members.ts';
import { CATALOG_FILE } from './catalog.ts';
import {
  type CatalogArchiveOptions,
  membersByCatalog,
  openCatalogArchive,
  readArchiveCatalog,
} from './catalog-archive.ts';
import { verifyCatalog } from './catalog-signature.ts';
import { openCompressed } from './compressed-archive.ts';
import { compressionOf } from './compression.ts';
import { DOCKER_MANIFEST_FILE, openDockerArchive } from './docker-archive.ts';
import { openLayoutArchive } from './layout-archive.ts';
import { malformed } from './malformed.ts';
import { quoted } from './quoted.ts';
import { type RandomAccessFile, readBytes } from './random-access.ts';
import { tarEntries } from './tar-entries.ts';

export type OpenArchiveOptions = CatalogArchiveOptions;

/**
 * Opens an archive of images: one that Longshore wrote, an OCI image layout (skopeo, oras, BuildKit, newer
 * `docker save`), or one of `docker save`, podman and skopeo's `docker-archive:`, each as it is or compressed
 * with gzip or zstd. Reads no layer, except in a compressed archive. The file must stay open until the
 * archive is disposed.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` that says what is wrong with it, `E_ARCHIVE_SIGNATURE` when trusted
 * keys are given and it is not signed by one of them
 */
export async function openArchive(
  file: RandomAccessFile,
  options: OpenArchiveOptions = {},
): Promise<Archive> {
  const compression = compressionOf(await readBytes(file, 0, Math.min(file.size, 512), options));
  if (compression === 'gzip' || compression === 'zstd') {
    const inside = await openCompressed(file, compression, options);
    try {
      const opened = await open(await archiveMembers(inside.file, inside.entries), options);
      return { ...opened, [Symbol.asyncDispose]: inside[Symbol.asyncDispose] };
    } catch (error) {
      await inside[Symbol.asyncDispose]();
      throw error;
    }
  }
  const dispose = { [Symbol.asyncDispose]: async () => {} };
  const ours = await membersByCatalog(file, options);
  if (ours) return { ...openCatalogArchive(ours, ours.catalog, options), ...dispose };
  return { ...(await open(await archiveMembers(file, tarEntries(file, options)), options)), ...dispose };
}

type Opened = Pick<Archive, 'artifacts' | 'source' | 'catalog'>;

/**
 * Detects the format from the files. Newer versions of docker write both; the layout then has the original
 * manifests.
 */
async function open(members: ArchiveMembers, options: OpenArchiveOptions): Promise<Opened> {
  const { files, links, refusal } = members;
  const isLayout = files.has(LAYOUT_FILE) && files.has(LAYOUT_INDEX_FILE);
  if (!isLayout && !files.has(DOCKER_MANIFEST_FILE)) throw unknownKind(files);
  if (refusal) throw malformed(refusal);
  const [link] = links.keys();
  if (isLayout && link !== undefined) throw malformed(linkRefusal(link));
  if (files.has(CATALOG_FILE)) {
    return openCatalogArchive(members, await readArchiveCatalog(members, options), options);
  }
  if (options.trustedKeys) verifyCatalog(new Uint8Array(0), undefined, options.trustedKeys);
  return isLayout ? openLayoutArchive(members, options) : openDockerArchive(members, options);
}

function linkRefusal(path: string): string {
  return `The archive's entry ${quoted(path)} is refused: it is a link, which no image layout has.`;
}

const SHOWN_PATHS = 5;

function unknownKind(files: ArchiveMembers['files']): ArchiveError {
  const missing = [LAYOUT_FILE, LAYOUT_INDEX_FILE].filter((path) => !files.has(path)).join(' and ');
  return malformed(
    `This is not an archive of images: neither an OCI image layout (${missing} not found at the top level) nor one of "docker save" (no ${DOCKER_MANIFEST_FILE}). ${whatWasFound(files)}`,
  );
}

function whatWasFound(files: ArchiveMembers['files']): string {
  if (files.size === 0) return 'It has no files.';
  const shown = [...files.keys()].slice(0, SHOWN_PATHS).map(quoted).join(', ');
  const more = files.size > SHOWN_PATHS ? ` and ${files.size - SHOWN_PATHS} more` : '';
  return `Found: ${shown}${more}.`;
}
