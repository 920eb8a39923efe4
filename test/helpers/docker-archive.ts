import { digestOf, encodedOf } from '../../shared/content/index.ts';
import { type Member, tarOf } from './layout-archive.ts';

export interface SavedImage {
  readonly tags?: readonly string[];
  /** Uncompressed layers. */
  readonly layers: readonly (string | Buffer)[];
}

export interface DockerArchiveOptions {
  /** What lies in the archive in a layer's place, for example compressed. Default: the layer. */
  readonly stored?: (layer: Buffer) => Buffer;
}

/**
 * An archive as `docker save` wrote it before version 25: a folder per layer, of which one that was there already is a
 * link to the first, configs by their digest, and a `manifest.json` that names all.
 */
export async function dockerArchive(
  images: readonly SavedImage[],
  { stored = (layer) => layer }: DockerArchiveOptions = {},
): Promise<Buffer> {
  const members: Member[] = [];
  const paths = new Map<string, string>();
  const manifest = images.map(({ tags, layers }, image) => {
    const bytes = layers.map((layer) => Buffer.from(layer));
    const diffIds = bytes.map((layer) => digestOf(layer));
    const config = JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: diffIds },
    });
    const configPath = `${encodedOf(digestOf(config))}.json`;
    const layerPaths = diffIds.map((diffId, at) => {
      const folder = encodedOf(digestOf(`${image} ${at}`));
      const path = `${folder}/layer.tar`;
      const first = paths.get(diffId);
      if (first === undefined) members.push({ name: path, content: stored(bytes[at] ?? Buffer.alloc(0)) });
      else members.push({ name: path, type: 'symlink', linkname: `../${first}` });
      paths.set(diffId, first ?? path);
      return path;
    });
    members.push({ name: configPath, content: config });
    return { Config: configPath, RepoTags: tags ?? null, Layers: layerPaths };
  });
  members.push({ name: 'manifest.json', content: JSON.stringify(manifest) });
  members.push({ name: 'repositories', content: '{}' });
  return tarOf(members);
}
