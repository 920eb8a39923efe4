import { z } from 'zod';
import {
  type Descriptor,
  type Digest,
  Digester,
  descriptorSchema,
  digestOf,
  type ManifestContent,
  manifestContent,
  OCI_CONFIG,
  OCI_MANIFEST,
} from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import type { Archive } from './archive.ts';
import { parseArchiveJson } from './archive-json.ts';
import { type ArchiveMembers, readMember } from './archive-members.ts';
import { archiveSource, lacking } from './archive-source.ts';
import { CONTAINERD_NAME_ANNOTATION } from './artifact-name.ts';
import { compressionOf } from './compression.ts';
import { entryPath } from './entry-path.ts';
import { malformed } from './malformed.ts';
import { quoted } from './quoted.ts';
import { type Extent, type ReadOptions, readBytes } from './random-access.ts';

export const DOCKER_MANIFEST_FILE = 'manifest.json';
const MAX_MANIFEST_FILE_BYTES = 4 * 1024 * 1024;
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
const MAX_LINKS = 8;
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

const path = z.string().max(512);
const imageSchema = z.object({
  Config: path,
  RepoTags: z.array(z.string().max(1024)).max(1000).nullish(),
  Layers: z.array(path).max(1000).nullish(),
});
const manifestSchema = z.array(imageSchema).min(1).max(1000);
const configSchema = z.object({
  rootfs: z.object({ diff_ids: z.array(descriptorSchema.shape.digest).max(1000).nullish() }),
});
type DockerImage = z.infer<typeof imageSchema>;

interface ImageConfig {
  readonly config: Descriptor;
  readonly diffIds: readonly Digest[];
}

interface StoredLayer {
  readonly mediaType: string;
  /** Of a compressed layer; for others it is the diff ID. */
  readonly digest: Digest | undefined;
  readonly extent: Extent;
}

/**
 * An archive of `docker save`, podman or skopeo's `docker-archive:`: a `manifest.json` that names configs and
 * layers, but no manifest. A manifest is built for each image, the same every time, from its config and its
 * layers as stored, usually uncompressed. The digest of an uncompressed layer is its diff ID; a compressed
 * layer is read once to compute its digest.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` that says what is wrong with the archive
 */
export async function openDockerArchive(
  members: ArchiveMembers,
  options: ReadOptions,
): Promise<Pick<Archive, 'artifacts' | 'source'>> {
  const text = await readMember(members, DOCKER_MANIFEST_FILE, MAX_MANIFEST_FILE_BYTES, options);
  const images = parseArchiveJson(DOCKER_MANIFEST_FILE, manifestSchema, text, '"docker save"');
  const blobs = new Map<Digest, Extent>();
  const made = new Map<Digest, ManifestContent>();
  const configs = new Map<string, Promise<ImageConfig>>();
  const layers = new Map<string, Promise<StoredLayer>>();
  const artifacts: { readonly descriptor: Descriptor }[] = [];
  for (const image of images) {
    const content = await manifestOf(image);
    made.set(content.digest, content);
    const { mediaType, digest, size } = content;
    const names = image.RepoTags?.length ? image.RepoTags : [undefined];
    for (const name of names) {
      const annotations = name === undefined ? undefined : { [CONTAINERD_NAME_ANNOTATION]: name };
      artifacts.push({ descriptor: { mediaType, digest, size, ...(annotations && { annotations }) } });
    }
  }
  return {
    artifacts,
    source: archiveSource({
      file: members.file,
      locate: (digest) => blobs.get(digest),
      made,
      mediaTypes: new Map(),
      attached: [],
      missing: lacking,
    }),
  };

  async function manifestOf({ Config, Layers }: DockerImage): Promise<ManifestContent> {
    const { config, diffIds } = await once(configs, resolved(Config), readConfig);
    const paths = (Layers ?? []).map(resolved);
    if (diffIds.length !== paths.length) {
      throw malformed(
        `The archive's ${DOCKER_MANIFEST_FILE} names ${paths.length} layers for ${quoted(Config)}, which has ${diffIds.length}.`,
      );
    }
    const descriptors: Descriptor[] = [];
    for (const [at, diffId] of diffIds.entries()) descriptors.push(await layerAt(paths[at] ?? '', diffId));
    const document = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: descriptors };
    return manifestContent(new TextEncoder().encode(JSON.stringify(document)), OCI_MANIFEST);
  }

  async function readConfig(path: string): Promise<ImageConfig> {
    const bytes = await readMember(members, path, MAX_CONFIG_BYTES, options);
    const { rootfs } = parseArchiveJson(path, configSchema, bytes, '"docker save"');
    const config = { mediaType: OCI_CONFIG, digest: digestOf(bytes), size: bytes.byteLength };
    keep(config.digest, extentOf(path));
    return { config, diffIds: rootfs.diff_ids ?? [] };
  }

  async function layerAt(layerPath: string, diffId: Digest): Promise<Descriptor> {
    const { mediaType, digest = diffId, extent } = await once(layers, layerPath, lookAtLayer);
    keep(digest, extent);
    return { mediaType, digest, size: extent.size };
  }

  async function lookAtLayer(layerPath: string): Promise<StoredLayer> {
    const extent = extentOf(layerPath);
    const start = await readBytes(members.file, extent.offset, Math.min(extent.size, 512), options);
    const compression = compressionOf(start);
    if (compression === undefined) return { mediaType: LAYER, digest: undefined, extent };
    return { mediaType: `${LAYER}+${compression}`, digest: await digestAt(extent), extent };
  }

  async function digestAt({ offset, size }: Extent): Promise<Digest> {
    const digester = new Digester();
    for await (const chunk of await members.file.read(offset, size, options)) digester.update(chunk);
    return digester.finish();
  }

  function keep(digest: Digest, extent: Extent): void {
    if (!blobs.has(digest)) blobs.set(digest, extent);
  }

  function extentOf(file: string): Extent {
    const extent = members.files.get(file);
    if (extent) return extent;
    throw new ArchiveError(
      'E_ARCHIVE_INCOMPLETE',
      `The archive lacks ${quoted(file)}, which its ${DOCKER_MANIFEST_FILE} names. Save the image again.`,
    );
  }

  /** Older versions of docker store a layer that several images share as a link to the first. */
  function resolved(name: string): string {
    let file = entryPath(name);
    for (let hops = 0; !members.files.has(file) && hops < MAX_LINKS; hops += 1) {
      const target = members.links.get(file);
      if (target === undefined) return file;
      file = target;
    }
    return file;
  }
}

/** Images share configs and layers: each file is read once. */
function once<T>(
  known: Map<string, Promise<T>>,
  path: string,
  read: (path: string) => Promise<T>,
): Promise<T> {
  const result = known.get(path) ?? read(path);
  known.set(path, result);
  return result;
}
