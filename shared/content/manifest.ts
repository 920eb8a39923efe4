import * as z from 'zod';
import { InvalidInputError } from '../errors.ts';
import { type Descriptor, descriptorSchema } from './descriptor.ts';
import { type Digest, digestOf } from './digest.ts';
import {
  isIndexType,
  isManifestType,
  isSchema1Type,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_MANIFEST,
} from './media-types.ts';
import { readJson } from './read-json.ts';

/** The largest manifest a registry must take (distribution-spec, "Pushing Manifests"), and the largest we read. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** More children than any real image has; a bound for what a hostile registry can make us hold. */
const MAX_DESCRIPTORS = 10_000;
/** See `readJson`: about that number of descriptors with all their fields. */
const MAX_WEIGHT = 300_000;

/** The exact bytes of a manifest with the descriptor that names them. Bytes are never re-encoded. */
export interface ManifestContent {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly bytes: Uint8Array;
}

export function manifestContent(bytes: Uint8Array, mediaType: string, digest?: Digest): ManifestContent {
  return { mediaType, digest: digest ?? digestOf(bytes), size: bytes.byteLength, bytes };
}

/** An index, a manifest, or a document of a type we do not know, which is carried as it is and has no children. */
export type Manifest = IndexManifest | ImageManifest | OpaqueManifest;

export interface IndexManifest {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly artifactType?: string | undefined;
}

export interface ImageManifest {
  readonly kind: 'image';
  readonly mediaType: string;
  /** Absent in the withdrawn OCI artifact manifest only. */
  readonly config?: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly artifactType?: string | undefined;
}

export interface OpaqueManifest {
  readonly kind: 'opaque';
  readonly mediaType: string;
}

const descriptors = z
  .array(descriptorSchema)
  .max(MAX_DESCRIPTORS, `more than ${MAX_DESCRIPTORS} descriptors`);
const subject = descriptorSchema.nullish().transform((value) => value ?? undefined);
const artifactType = z.string().max(256).optional();

const indexSchema = z.object({ manifests: descriptors, subject, artifactType });
const imageSchema = z.object({ config: descriptorSchema, layers: descriptors, subject, artifactType });
const artifactSchema = z.object({ blobs: descriptors.optional(), subject, artifactType });
/** A type as it may stand in a Content-Type header; anything else is as good as none. */
const typeNameSchema = z
  .string()
  .max(256)
  .regex(/^[\w.+-]+\/[\w.+-]+$/)
  .optional()
  .catch(undefined);
const typeHintSchema = z.object({
  mediaType: typeNameSchema,
  manifests: z.unknown().optional(),
  layers: z.unknown().optional(),
  config: z.unknown().optional(),
});

/**
 * Fields that tell an index from an image. A document with both could be read as either: what was checked and copied
 * would not be what another client runs (CVE-2021-41190).
 */
const FOREIGN_TO_INDEX = ['config', 'layers', 'fsLayers'];
const FOREIGN_TO_IMAGE = ['manifests', 'fsLayers'];

/**
 * Reads the structure of a manifest.
 * @throws InvalidInputError `E_MANIFEST` for known types whose JSON is broken or could be read as another type, and for Docker schema 1.
 */
export function parseManifest({ bytes, mediaType }: Pick<ManifestContent, 'bytes' | 'mediaType'>): Manifest {
  if (isSchema1Type(mediaType)) {
    throw new InvalidInputError(
      'E_MANIFEST',
      'This image has only a Docker schema 1 manifest, a format withdrawn in 2017 that names layers without sizes. Push it again with a current client.',
    );
  }
  if (isIndexType(mediaType)) {
    return { kind: 'index', mediaType, ...read(indexSchema, bytes, mediaType, FOREIGN_TO_INDEX) };
  }
  if (mediaType === OCI_ARTIFACT) {
    const { blobs, ...rest } = read(artifactSchema, bytes, mediaType, FOREIGN_TO_IMAGE);
    return { kind: 'image', mediaType, layers: blobs ?? [], ...rest };
  }
  if (isManifestType(mediaType)) {
    return { kind: 'image', mediaType, ...read(imageSchema, bytes, mediaType, FOREIGN_TO_IMAGE) };
  }
  return { kind: 'opaque', mediaType };
}

/**
 * The media type of a manifest whose server named none or a generic one (`application/json`, `text/plain`):
 * the document's own `mediaType`, else what its fields can only be.
 */
export function mediaTypeOf(bytes: Uint8Array, contentType: string | undefined): string {
  const given = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (given && !GENERIC_TYPES.has(given)) return given;
  const hint = typeHintSchema.safeParse(parseJson(bytes, given ?? 'a manifest'));
  if (!hint.success) return given ?? 'application/octet-stream';
  const { mediaType, manifests, layers, config } = hint.data;
  if (mediaType) return mediaType;
  if (Array.isArray(manifests)) return OCI_INDEX;
  if (config && Array.isArray(layers)) return OCI_MANIFEST;
  return given ?? 'application/octet-stream';
}

const GENERIC_TYPES = new Set([
  'application/json',
  'application/octet-stream',
  'text/plain',
  'binary/octet-stream',
]);

function read<T>(
  schema: z.ZodType<T>,
  bytes: Uint8Array,
  mediaType: string,
  foreignFields: readonly string[],
): T {
  const document = parseJson(bytes, mediaType);
  const result = schema.safeParse(document);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw invalid(mediaType, `${issue?.path.join('.') || 'document'}: ${issue?.message}`);
  }
  const foreign = foreignFields.find((name) => isFilled(Object(document)[name]));
  if (foreign) throw invalid(mediaType, `${foreign}: belongs to another type of manifest`);
  return result.data;
}

function isFilled(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function invalid(mediaType: string, problem: string): InvalidInputError {
  return new InvalidInputError('E_MANIFEST', `The manifest is not a valid ${mediaType}: ${problem}.`);
}

function parseJson(bytes: Uint8Array, mediaType: string): unknown {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new InvalidInputError(
      'E_MANIFEST',
      `The manifest is ${bytes.byteLength} bytes long, at most ${MAX_MANIFEST_BYTES} are allowed.`,
    );
  }
  try {
    return readJson(bytes, MAX_WEIGHT);
  } catch (cause) {
    throw new InvalidInputError('E_MANIFEST', `The manifest is called ${mediaType} but is not JSON.`, {
      cause,
    });
  }
}
