import {
  type Digest,
  formatPlatform,
  isIndexType,
  LAYOUT_FILE,
  LAYOUT_INDEX_FILE,
  LAYOUT_VERSION,
  layoutBlobPath,
  type ManifestContent,
  type Platform,
} from '../../content/index.ts';
import {
  CATALOG_FILE,
  CATALOG_SIGNATURE_FILE,
  type Catalog,
  type CatalogBlob,
  type CatalogSigner,
  catalogId,
  encodeCatalog,
  inCatalogOrder,
  memberBytes,
  partName,
  TRAILER_BYTES,
} from '../archive/index.ts';
import { archiveIndex } from './archive-index.ts';
import type { PlannedArtifact } from './planned-artifact.ts';
import { splitBlobs } from './split-blobs.ts';

/** A file of the archive with its content at hand, or the blob that is its content. */
export type PlannedMember = { readonly path: string; readonly size: number } & (
  | { readonly bytes: Uint8Array }
  | { readonly digest: Digest }
);

/** All about one file to be written but the content of its blobs. */
export interface PartPlan {
  readonly name: string;
  readonly members: readonly PlannedMember[];
  /** In bytes, exactly. */
  readonly size: number;
}

export interface ArchivePlan {
  /** Of the whole. */
  readonly catalog: Catalog;
  readonly parts: readonly PartPlan[];
}

export interface ArchivePlanOptions {
  readonly base?: Catalog | undefined;
  readonly maxPartBytes?: number | undefined;
  readonly sign?: CatalogSigner | undefined;
  readonly platforms?: readonly Platform[] | undefined;
}

/**
 * What the archive of these artifacts consists of, byte for byte: equal artifacts and options give an equal plan.
 * @throws InvalidInputError `E_ARGUMENT` when the parts are too small for what must lie in one
 */
export function planArchive(
  artifacts: readonly PlannedArtifact[],
  archive: string,
  { base, maxPartBytes = Number.POSITIVE_INFINITY, sign, platforms = [] }: ArchivePlanOptions,
): ArchivePlan {
  const manifests = new Map(artifacts.flatMap((artifact) => [...artifact.manifests]));
  const catalog = wholeCatalog(artifacts, manifests, base, platforms);
  const fixed = { index: archiveIndex(catalog.artifacts), manifests, sign };

  const single = planPart(archive, catalog, fixed);
  if (single.size <= maxPartBytes) return { catalog, parts: [single] };

  const set = catalogId(catalog);
  // The longest that `part` can get, and what a longer catalog may take to fill its last block.
  const empty = { ...catalog, blobs: [], part: { set, number: 9999, of: 9999 } };
  const overhead = planPart(archive, empty, fixed).size + 512;
  const shares = splitBlobs(catalog.blobs, maxPartBytes - overhead, overhead);
  const parts = shares.map((blobs, at) => {
    const part = { set, number: at + 1, of: shares.length };
    return planPart(partName(archive, part), inCatalogOrder({ ...catalog, blobs, part }), fixed);
  });
  return { catalog, parts };
}

function wholeCatalog(
  artifacts: readonly PlannedArtifact[],
  manifests: ReadonlyMap<Digest, ManifestContent>,
  base: Catalog | undefined,
  platforms: readonly Platform[],
): Catalog {
  const sizes = new Map(artifacts.flatMap(({ blobs }) => [...blobs]));
  const needed = [...sizes].flatMap(([digest, size]) => (manifests.has(digest) ? [] : [{ digest, size }]));
  const inBase = new Set([...(base?.blobs ?? []), ...(base?.base?.blobs ?? [])].map(({ digest }) => digest));
  const [leftOut, blobs] = partition(needed, ({ digest }) => inBase.has(digest));
  return inCatalogOrder({
    version: 1,
    artifacts: artifacts.map(({ name, root: { mediaType, digest, size }, referrers }) => ({
      name,
      mediaType,
      digest,
      size,
      platforms: isIndexType(mediaType) ? platforms.map(formatPlatform) : [],
      referrers,
    })),
    manifests: [...manifests.values()],
    blobs,
    ...(base && leftOut.length > 0 && { base: { catalog: catalogId(base), blobs: leftOut } }),
  });
}

interface FixedContent {
  readonly index: Uint8Array;
  readonly manifests: ReadonlyMap<Digest, ManifestContent>;
  readonly sign: CatalogSigner | undefined;
}

/** See `PREAMBLE` and `filesAfterPreamble` for the order. */
function planPart(name: string, catalog: Catalog, { index, manifests, sign }: FixedContent): PartPlan {
  const text = encodeCatalog(catalog);
  const layout = new TextEncoder().encode(JSON.stringify({ imageLayoutVersion: LAYOUT_VERSION }));
  const members: readonly PlannedMember[] = [
    atHand(LAYOUT_FILE, layout),
    atHand(CATALOG_FILE, text),
    ...(sign ? [atHand(CATALOG_SIGNATURE_FILE, sign.sign(text))] : []),
    atHand(LAYOUT_INDEX_FILE, index),
    ...catalog.manifests.flatMap(({ digest }) => {
      const content = manifests.get(digest);
      return content ? [atHand(layoutBlobPath(digest), content.bytes)] : [];
    }),
    ...catalog.blobs.map(({ digest, size }) => ({ path: layoutBlobPath(digest), size, digest })),
  ];
  const size = members.reduce((sum, member) => sum + memberBytes(member.path, member.size), TRAILER_BYTES);
  return { name, members, size };
}

function atHand(path: string, bytes: Uint8Array): PlannedMember {
  return { path, size: bytes.byteLength, bytes };
}

function partition(
  blobs: readonly CatalogBlob[],
  isFirst: (blob: CatalogBlob) => boolean,
): readonly [readonly CatalogBlob[], readonly CatalogBlob[]] {
  return [blobs.filter(isFirst), blobs.filter((blob) => !isFirst(blob))];
}
