import {
  type Digest,
  LAYOUT_FILE,
  LAYOUT_INDEX_FILE,
  layoutBlobPath,
  parsePlatform,
} from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import type { Archive, ArchiveCatalog } from './archive.ts';
import { filesAfterPreamble, PREAMBLE } from './archive-files.ts';
import { type ArchiveMembers, readMember } from './archive-members.ts';
import { archiveSource, lacking } from './archive-source.ts';
import { CONTAINERD_NAME_ANNOTATION } from './artifact-name.ts';
import {
  CATALOG_FILE,
  CATALOG_SIGNATURE_FILE,
  type Catalog,
  MAX_CATALOG_BYTES,
  parseCatalog,
} from './catalog.ts';
import { MAX_SIGNATURE_BYTES, type TrustedKey, verifyCatalog } from './catalog-signature.ts';
import { entryPath } from './entry-path.ts';
import type { Extent, RandomAccessFile, ReadOptions } from './random-access.ts';
import { tarEntries } from './tar-entries.ts';
import { headerBytes, paddingBytes, TRAILER_BYTES } from './tar-format.ts';

export interface CatalogArchiveOptions extends ReadOptions {
  /** A signature by one of these is required. */
  readonly trustedKeys?: readonly TrustedKey[] | undefined;
  /**
   * The number of parts, for a part that is opened for its blobs only: the first part supplies the rest.
   * Together they use the memory of one archive. The catalog then lists blobs only.
   */
  readonly partOf?: number | undefined;
}

/**
 * Finds the files of an archive from its catalog, without reading every header. `undefined` for an archive
 * that Longshore did not write, or that was repacked.
 */
export async function membersByCatalog(
  file: RandomAccessFile,
  options: ReadOptions,
): Promise<(Pick<ArchiveMembers, 'file' | 'files'> & { readonly catalog: ArchiveCatalog }) | undefined> {
  const preamble = await readPreamble(file, options);
  if (!preamble) return undefined;
  const { files, end } = preamble;
  const catalog = await readArchiveCatalog({ file, files }, options);
  const listed = filesAfterPreamble(catalog.catalog, end);
  const last = [...listed].at(-1);
  const lastEnd = last ? last[1].offset + last[1].size + paddingBytes(last[1].size) : end;
  if (file.size !== lastEnd + TRAILER_BYTES || !(await isThere(file, last, options))) return undefined;
  return { file, files: new Map([...files, ...listed]), catalog };
}

async function readPreamble(file: RandomAccessFile, options: ReadOptions) {
  const files = new Map<string, Extent>();
  for await (const { name, type, dataOffset: offset, size } of tarEntries(file, options)) {
    const path = entryPath(name);
    if (type !== 'file' || files.has(path) || !PREAMBLE.includes(path)) return undefined;
    files.set(path, { offset, size });
    if (path !== LAYOUT_INDEX_FILE) continue;
    const isOurs = files.has(LAYOUT_FILE) && files.has(CATALOG_FILE);
    return isOurs ? { files, end: offset + size + paddingBytes(size) } : undefined;
  }
  return undefined;
}

/**
 * Whether the last file's header is at its computed place. A wrong place of any other file fails its digest
 * check.
 */
async function isThere(
  file: RandomAccessFile,
  last: readonly [path: string, Extent] | undefined,
  options: ReadOptions,
): Promise<boolean> {
  if (!last) return true;
  const [path, { offset, size }] = last;
  try {
    for await (const entry of tarEntries(file, { ...options, from: offset - headerBytes(path) })) {
      return entry.name === path && entry.dataOffset === offset && entry.size === size;
    }
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
  }
  return false;
}

/** @throws ArchiveError `E_ARCHIVE_FORMAT` */
export async function readArchiveCatalog(
  members: Pick<ArchiveMembers, 'file' | 'files'>,
  options: ReadOptions,
): Promise<ArchiveCatalog> {
  const bytes = await readMember(members, CATALOG_FILE, MAX_CATALOG_BYTES, options);
  const signature = members.files.has(CATALOG_SIGNATURE_FILE)
    ? await readMember(members, CATALOG_SIGNATURE_FILE, MAX_SIGNATURE_BYTES, options)
    : undefined;
  return { catalog: parseCatalog(bytes), bytes, signature };
}

/**
 * An archive with a catalog. Its artifacts come from the catalog alone, which the signature covers.
 * @throws ArchiveError `E_ARCHIVE_SIGNATURE` when trusted keys are given and none of them signed it
 */
export function openCatalogArchive(
  members: Pick<ArchiveMembers, 'file' | 'files'>,
  signed: ArchiveCatalog,
  { trustedKeys, partOf }: CatalogArchiveOptions,
): Pick<Archive, 'artifacts' | 'source' | 'catalog'> {
  if (trustedKeys) verifyCatalog(signed.bytes, signed.signature, trustedKeys);
  if (partOf !== undefined) return openBlobs(members, signed.catalog);
  const { artifacts, manifests } = signed.catalog;
  const { file, files } = members;
  return {
    catalog: signed,
    artifacts: artifacts.map(({ name, mediaType, digest, size, platforms }) => ({
      descriptor: { mediaType, digest, size, annotations: { [CONTAINERD_NAME_ANNOTATION]: name } },
      ...(platforms.length > 0 && { platforms: platforms.map(parsePlatform) }),
    })),
    source: archiveSource({
      file,
      locate: (digest) => files.get(layoutBlobPath(digest)),
      mediaTypes: new Map(manifests.map(({ digest, mediaType }) => [digest, mediaType])),
      attached: artifacts.flatMap(({ referrers }) => referrers),
      missing: (digest) => leftOut(signed.catalog, digest) ?? lacking(digest),
    }),
  };
}

/** Keeps nothing else of the part in memory: an archive may have a thousand parts. */
function openBlobs(
  { file, files }: Pick<ArchiveMembers, 'file' | 'files'>,
  { blobs, part }: Catalog,
): Pick<Archive, 'artifacts' | 'source' | 'catalog'> {
  const catalog: Catalog = { version: 1, artifacts: [], manifests: [], blobs, part };
  const extents = new Map(blobs.map(({ digest }) => [digest, files.get(layoutBlobPath(digest))]));
  return {
    catalog: { catalog, bytes: new Uint8Array(0), signature: undefined },
    artifacts: [],
    source: archiveSource({
      file,
      locate: (digest) => extents.get(digest),
      mediaTypes: new Map(),
      attached: [],
      missing: (digest) => leftOut(catalog, digest) ?? lacking(digest),
    }),
  };
}

/** The error for a digest that the archive omits on purpose. */
function leftOut({ base, part }: Catalog, digest: Digest): ArchiveError | undefined {
  if (base?.blobs.some((blob) => blob.digest === digest)) {
    return new ArchiveError(
      'E_ARCHIVE_INCOMPLETE',
      `The archive is differential and leaves out ${digest}, which is in its base, the archive whose catalog is ${base.catalog}. Import that one first, or give it along.`,
    );
  }
  if (!part) return undefined;
  return new ArchiveError(
    'E_ARCHIVE_INCOMPLETE',
    `${digest} is not in part ${part.number} of ${part.of} of the archive, but in another one. Give all parts.`,
  );
}
