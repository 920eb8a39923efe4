import * as z from 'zod';
import {
  type Descriptor,
  type Digest,
  isNonDistributable,
  type ManifestContent,
  parseManifest,
} from '../../shared/content/index.ts';

/** What the registry must know of a manifest besides its bytes. */
export interface ManifestFacts {
  /** As the referrers API shows it: with the manifest's artifact type and annotations. */
  readonly descriptor: Descriptor;
  readonly subject?: Digest | undefined;
  /** Content that has to be in the repository already. */
  readonly references: readonly Digest[];
  readonly isIndex: boolean;
  /** The type the document gives itself. */
  readonly ownMediaType?: string | undefined;
}

const headSchema = z.object({
  mediaType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

/** @throws InvalidInputError `E_MANIFEST` when a manifest of a known type is broken. */
export function manifestFacts(content: ManifestContent): ManifestFacts {
  const manifest = parseManifest(content);
  const { mediaType, digest, size } = content;
  if (manifest.kind === 'opaque') {
    return { descriptor: { mediaType, digest, size }, references: [], isIndex: false };
  }
  const head = headSchema.safeParse(JSON.parse(Buffer.from(content.bytes).toString('utf8'))).data;
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
      ...(head?.annotations && { annotations: head.annotations }),
    },
    subject: manifest.subject?.digest,
    references: children.filter((child) => !isNonDistributable(child.mediaType)).map((child) => child.digest),
    isIndex: manifest.kind === 'index',
    ownMediaType: head?.mediaType,
  };
}
