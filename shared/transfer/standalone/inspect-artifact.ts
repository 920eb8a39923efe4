import {
  type Descriptor,
  type Digest,
  formatPlatform,
  type Platform,
  parseManifest,
} from '../../content/index.ts';
import type { ContentCallOptions } from '../../imports/index.ts';
import type { ArchiveArtifact, ArchiveSource } from '../archive/index.ts';

/** A blob of an artifact. */
export type ContainedBlob = Pick<Descriptor, 'digest' | 'size'>;

export interface ArtifactContents {
  readonly manifests: readonly Digest[];
  /** Configs and layers, each once, also those that lie in an archive it builds upon. */
  readonly blobs: readonly ContainedBlob[];
  /** Those of an index that the archive has. */
  readonly platforms: readonly string[];
  /** Of the blobs and manifests, in bytes. */
  readonly size: number;
}

/** What an artifact in an archive consists of, without what is attached to it. Reads manifests only. */
export async function inspectArtifact(
  source: ArchiveSource,
  { descriptor, platforms }: ArchiveArtifact,
  options: ContentCallOptions = {},
): Promise<ArtifactContents> {
  const manifests = new Map<Digest, number>();
  const blobs = new Map<Digest, number>();
  const found = new Set<string>((platforms ?? []).map(formatPlatform));

  async function visit(digest: Digest, platform: Platform | undefined): Promise<void> {
    if (manifests.has(digest)) return;
    const content = await source.fetchManifest(digest, options);
    manifests.set(digest, content.size);
    const manifest = parseManifest(content);
    if (manifest.kind === 'index') {
      for (const child of manifest.manifests)
        if (source.has(child.digest)) await visit(child.digest, child.platform);
    } else if (manifest.kind === 'image') {
      if (platform && platform.os !== 'unknown') found.add(formatPlatform(platform));
      const { config, layers } = manifest;
      for (const blob of config ? [config, ...layers] : layers) blobs.set(blob.digest, blob.size);
    }
  }

  await visit(descriptor.digest, descriptor.platform);
  const size = [...manifests.values(), ...blobs.values()].reduce((sum, one) => sum + one, 0);
  return {
    manifests: [...manifests.keys()],
    blobs: [...blobs].map(([digest, blobSize]) => ({ digest, size: blobSize })),
    platforms: [...found].sort(),
    size,
  };
}
