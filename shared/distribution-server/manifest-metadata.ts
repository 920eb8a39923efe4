import * as z from 'zod';
import {
  type Descriptor,
  type Digest,
  isNonDistributable,
  type ManifestContent,
  parseManifest,
} from '../content/index.ts';

/** What a registry must know of a manifest, in addition to its bytes. */
export interface ManifestMetadata {
  /** As the referrers API lists it: with artifact type and annotations. */
  readonly descriptor: Descriptor;
  readonly subject?: Digest | undefined;
  /** Content that must be in the repository before the manifest. */
  readonly references: readonly Digest[];
  readonly isIndex: boolean;
  /** `mediaType` of the document. */
  readonly ownMediaType?: string | undefined;
}

const documentSchema = z.object({
  mediaType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

/** @throws InvalidInputError `E_MANIFEST` when a manifest of a known type is broken. */
export function manifestMetadata(content: ManifestContent): ManifestMetadata {
  const manifest = parseManifest(content);
  const { mediaType, digest, size } = content;
  if (manifest.kind === 'opaque') {
    return { descriptor: { mediaType, digest, size }, references: [], isIndex: false };
  }
  const document = documentSchema.safeParse(JSON.parse(new TextDecoder().decode(content.bytes))).data;
  const children =
    manifest.kind === 'index'
      ? manifest.manifests
      : [...(manifest.config ? [manifest.config] : []), ...manifest.layers];
  const artifactType =
    manifest.artifactType ?? (manifest.kind === 'image' ? manifest.config?.mediaType : undefined);
  return {
    descriptor: {
      mediaType,
      digest,
      size,
      ...(artifactType && { artifactType }),
      ...(document?.annotations && { annotations: document.annotations }),
    },
    subject: manifest.subject?.digest,
    references: children.filter((child) => !isNonDistributable(child.mediaType)).map((child) => child.digest),
    isIndex: manifest.kind === 'index',
    ownMediaType: document?.mediaType,
  };
}
