import {
  type Descriptor,
  type ManifestContent,
  OCI_CONFIG,
  OCI_MANIFEST,
} from '../../shared/content/index.ts';
import { type DemoBlob, descriptorOf, jsonBlob, jsonManifest } from './content.ts';
import type { DemoImage } from './image.ts';

export interface Attestation {
  readonly manifest: ManifestContent;
  readonly blobs: readonly DemoBlob[];
  /** The entry for the index. */
  readonly descriptor: Descriptor;
}

const PREDICATE = 'https://slsa.dev/provenance/v0.2';

/**
 * The provenance that `docker buildx` puts beside each image of an index: a manifest for the platform
 * `unknown/unknown`, tied to its image by annotations (BuildKit, "Attestation storage").
 */
export function attest(image: DemoImage, builder: string): Attestation {
  const statement = jsonBlob('application/vnd.in-toto+json', {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: PREDICATE,
    subject: [{ name: builder, digest: { sha256: image.manifest.digest.slice('sha256:'.length) } }],
    predicate: { buildType: 'https://mobyproject.org/buildkit@v1', builder: { id: builder } },
  });
  const config = jsonBlob(OCI_CONFIG, {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: [statement.descriptor.digest] },
  });
  const manifest = jsonManifest(OCI_MANIFEST, {
    config: config.descriptor,
    layers: [{ ...statement.descriptor, annotations: { 'in-toto.io/predicate-type': PREDICATE } }],
  });
  const descriptor = {
    ...descriptorOf(manifest),
    annotations: {
      'vnd.docker.reference.digest': image.manifest.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
    platform: { architecture: 'unknown', os: 'unknown' },
  };
  return { manifest, blobs: [statement, config], descriptor };
}
