import { type ManifestContent, OCI_EMPTY, OCI_MANIFEST } from '../../shared/content/index.ts';
import { type DemoContent, demoBlob, descriptorOf, jsonManifest } from './content.ts';

export interface ArtifactOptions {
  readonly artifactType: string;
  readonly content: Uint8Array | string;
  /** Media type of the content. Default: the artifact type. */
  readonly mediaType?: string;
  /** What the artifact is about; makes it a referrer of that manifest. */
  readonly subject?: ManifestContent;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An artifact with an empty config (image-spec, "Guidelines for Artifact Usage"). */
export function buildArtifact(options: ArtifactOptions): DemoContent {
  const { artifactType, subject, annotations } = options;
  const config = demoBlob(OCI_EMPTY, '{}');
  const layer = demoBlob(options.mediaType ?? artifactType, options.content);
  const root = jsonManifest(OCI_MANIFEST, {
    artifactType,
    config: config.descriptor,
    layers: [layer.descriptor],
    subject: subject && descriptorOf(subject),
    annotations,
  });
  return { blobs: [config, layer], manifests: [root], root };
}

export const SBOM_TYPE = 'application/spdx+json';

/** A bill of materials that refers to an image. */
export function buildSbom(subject: ManifestContent, name: string): DemoContent {
  const document = {
    spdxVersion: 'SPDX-2.3',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    packages: [{ SPDXID: 'SPDXRef-Package', name, downloadLocation: 'NOASSERTION' }],
  };
  return buildArtifact({ artifactType: SBOM_TYPE, content: JSON.stringify(document), subject });
}
