import {
  buildArtifact,
  buildHelmChart,
  buildImageIndex,
  type DemoContent,
} from '../../local/demo-content/index.ts';
import {
  type ManifestContent,
  manifestContent,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../shared/content/index.ts';

/** Every shape of content that registries hold and that OCI has words for. */
export async function ociContents(): Promise<Readonly<Record<string, DemoContent>>> {
  const image = await buildImageIndex({ seed: 'node-22' });
  return {
    'an image for several platforms with attestations': image,
    'an image for one platform': await singleImage(),
    'an artifact': buildArtifact({ artifactType: 'application/vnd.acme.policy', content: 'allow all' }),
    'a Helm chart': await buildHelmChart({ name: 'podinfo', version: '6.9.0', image: 'base/node:22' }),
    'an artifact about an image': withSubject(image),
    'an index of indexes': nested(image),
    'a manifest that no program would write like this': oddlyFormatted(await singleImage()),
  };
}

/** An image for one platform, without an index. */
export async function singleImage(seed = 'alpine'): Promise<DemoContent> {
  const platforms = [{ os: 'linux', architecture: 'amd64' }];
  const { blobs, manifests } = await buildImageIndex({ seed, platforms, attestations: false });
  const [root] = manifests;
  if (!root) throw new Error('The index has no image.');
  return { blobs, manifests: [root], root };
}

function withSubject(image: DemoContent): DemoContent {
  const artifact = buildArtifact({
    artifactType: 'application/spdx+json',
    content: '{}',
    subject: image.root,
  });
  return {
    blobs: [...image.blobs, ...artifact.blobs],
    manifests: [...image.manifests, ...artifact.manifests],
    root: artifact.root,
  };
}

function nested(image: DemoContent): DemoContent {
  const { mediaType, digest, size } = image.root;
  const root = withText(OCI_INDEX, {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [{ mediaType, digest, size, annotations: { 'org.opencontainers.image.ref.name': 'inner' } }],
  });
  return { ...image, manifests: [...image.manifests, root], root };
}

/** Three spaces, a field nobody knows, no final newline: a copy that writes the JSON anew changes the digest. */
function oddlyFormatted({ blobs, root }: DemoContent): DemoContent {
  const document: object = JSON.parse(Buffer.from(root.bytes).toString());
  const odd = withText(OCI_MANIFEST, { 'x-unknown': [1.0, 'ä', '\u2028'], ...document });
  return { blobs, manifests: [odd], root: odd };
}

function withText(mediaType: string, document: object): ManifestContent {
  return manifestContent(Buffer.from(JSON.stringify(document, undefined, 3)), mediaType);
}
