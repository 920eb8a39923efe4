import * as z from 'zod';
import {
  cosignTagsOf,
  type Digest,
  descriptorSchema,
  digestOf,
  isPlatform,
  parseReference,
} from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import { parseArchiveJson } from './archive-json.ts';

/** Where an archive carries its catalog, and the signature over the catalog's exact bytes. */
export const CATALOG_FILE = 'longshore/catalog.json';
export const CATALOG_SIGNATURE_FILE = 'longshore/catalog.sig';
/** About a hundred thousand blobs. */
export const MAX_CATALOG_BYTES = 16 * 1024 * 1024;
export const MAX_PARTS = 1000;
/** Of manifests, and of blobs: in a split archive those of all parts together. */
export const MAX_LISTED = 100_000;

/**
 * The content of an archive, or of one part of a split archive. It has no timestamps: equal content has an
 * equal catalog.
 */
export interface Catalog {
  readonly version: 1;
  /** Sorted by name. Every part of a split archive lists all of them. */
  readonly artifacts: readonly CatalogArtifact[];
  /** Sorted by digest. Every part of a split archive, and a differential archive, has all manifests. */
  readonly manifests: readonly CatalogManifest[];
  /** Configs and layers in this archive or part, sorted by digest. */
  readonly blobs: readonly CatalogBlob[];
  /** Present in a differential archive. */
  readonly base?: CatalogBase | undefined;
  /** Present in a part of a split archive. */
  readonly part?: CatalogPart | undefined;
}

export interface CatalogArtifact {
  /** Where it came from: `HOST/REPOSITORY:TAG` or `HOST/REPOSITORY@DIGEST`. */
  readonly name: string;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  /** `os/architecture[/variant]` selected from the index; empty: all of it. */
  readonly platforms: readonly string[];
  /** Signatures, SBOMs and attestations, also those attached to its platforms and to other attachments. */
  readonly referrers: readonly CatalogReferrer[];
}

/** Something attached to a manifest: listed as its referrer, or named by a cosign tag. */
export interface CatalogReferrer {
  readonly subject: Digest;
  /** cosign's tag, for example `sha256-….sig`; absent for an OCI referrer. */
  readonly tag?: string | undefined;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface CatalogBlob {
  readonly digest: Digest;
  readonly size: number;
}

export interface CatalogManifest extends CatalogBlob {
  readonly mediaType: string;
}

/** The base of a differential archive. */
export interface CatalogBase {
  /** The id of the base archive's catalog; see `catalogId`. */
  readonly catalog: Digest;
  /** Blobs that the artifacts need and this archive omits, sorted by digest. */
  readonly blobs: readonly CatalogBlob[];
}

export interface CatalogPart {
  /** The id of the catalog of the whole; the same in all parts that belong together. */
  readonly set: Digest;
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

const { digest, mediaType, size } = descriptorSchema.shape;
const blobSchema = z.object({ digest, size });
const blobs = z.array(blobSchema).max(MAX_LISTED).refine(isUnique, 'names a digest twice');
const manifestSchema = z.object({ mediaType, digest, size });
const referrerSchema = z
  .object({
    subject: digest,
    tag: z.string().max(128).optional(),
    mediaType,
    digest,
    size,
  })
  .refine(isAttachedByTag, 'has a tag that is not that of its subject, sha256-….sig, .att or .sbom');
const artifactSchema = z.object({
  name: z.string().refine(isFullName, 'is not HOST/REPOSITORY with a tag or a digest'),
  mediaType,
  digest,
  size,
  platforms: z.array(z.string().refine(isPlatform, 'is not os/architecture[/variant]')).max(100),
  referrers: z.array(referrerSchema).max(10_000),
});
const catalogSchema = z.object({
  version: z.literal(1),
  artifacts: z.array(artifactSchema).max(10_000),
  manifests: z.array(manifestSchema).max(MAX_LISTED).refine(isUnique, 'names a digest twice'),
  blobs,
  base: z.object({ catalog: digest, blobs }).optional(),
  part: z
    .object({ set: digest, number: z.int().positive(), of: z.int().positive().max(MAX_PARTS) })
    .refine(({ number, of }) => number <= of, 'has a number beyond their count')
    .optional(),
}) satisfies z.ZodType<Catalog>;

/**
 * Parses a catalog. Its content is not trusted until the digests are verified.
 * @throws ArchiveError `E_ARCHIVE_FORMAT`
 */
export function parseCatalog(bytes: Uint8Array): Catalog {
  if (bytes.byteLength > MAX_CATALOG_BYTES) {
    throw new ArchiveError(
      'E_ARCHIVE_FORMAT',
      `The archive's ${CATALOG_FILE} is ${bytes.byteLength} bytes long; at most ${MAX_CATALOG_BYTES} are allowed.`,
    );
  }
  return parseArchiveJson(CATALOG_FILE, catalogSchema, bytes, 'the archive format, version 1');
}

/** The canonical form of a catalog: fields and lists in a fixed order, no other fields. */
export function inCatalogOrder({ artifacts, manifests, blobs, base, part }: Catalog): Catalog {
  return {
    version: 1,
    artifacts: artifacts.map(artifactInOrder).sort((a, b) => compare(a.name, b.name)),
    manifests: manifests
      .map(({ mediaType, digest, size }) => ({ mediaType, digest, size }))
      .sort((a, b) => compare(a.digest, b.digest)),
    blobs: blobsInOrder(blobs),
    ...(base && { base: { catalog: base.catalog, blobs: blobsInOrder(base.blobs) } }),
    ...(part && { part: { set: part.set, number: part.number, of: part.of } }),
  };
}

/** The canonical text of a catalog: without white space, with a line feed at its end. */
export function encodeCatalog(catalog: Catalog): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(inCatalogOrder(catalog))}\n`);
}

/**
 * Identifies the content of an archive, however it is split: the SHA-256 of its catalog's bytes, or for a
 * part of a split archive that of the whole catalog.
 */
export function catalogId(catalog: Catalog): Digest {
  return catalog.part?.set ?? digestOf(encodeCatalog(catalog));
}

function artifactInOrder({
  name,
  mediaType,
  digest,
  size,
  platforms,
  referrers,
}: CatalogArtifact): CatalogArtifact {
  return {
    name,
    mediaType,
    digest,
    size,
    platforms: [...platforms].sort(),
    referrers: referrers
      .map(({ subject, tag, mediaType, digest, size }) => ({
        subject,
        ...(tag && { tag }),
        mediaType,
        digest,
        size,
      }))
      .sort((a, b) => compare(referrerKey(a), referrerKey(b))),
  };
}

function referrerKey({ subject, tag = '', digest }: CatalogReferrer): string {
  return `${subject} ${digest} ${tag}`;
}

function blobsInOrder(blobs: readonly CatalogBlob[]): readonly CatalogBlob[] {
  return blobs.map(({ digest, size }) => ({ digest, size })).sort((a, b) => compare(a.digest, b.digest));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isUnique(list: readonly CatalogBlob[]): boolean {
  return new Set(list.map(({ digest }) => digest)).size === list.length;
}

/** Any other tag would be moved in the target without an artifact that the archive names. */
function isAttachedByTag({ subject, tag }: Pick<CatalogReferrer, 'subject' | 'tag'>): boolean {
  return tag === undefined || cosignTagsOf(subject).includes(tag);
}

function isFullName(name: string): boolean {
  try {
    const { tag, digest } = parseReference(name);
    return tag !== undefined || digest !== undefined;
  } catch {
    return false;
  }
}
