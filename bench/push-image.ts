import {
  type Descriptor,
  Digester,
  digestOf,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../shared/content/index.ts';

/** Where to push. `tag` is what the manifest is named; without it its digest. */
export interface PushPlace {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly repository: string;
  readonly tag?: string;
  readonly signal: AbortSignal;
}

/** What a registry holds after a push. */
export interface PushedImage {
  /** The manifest or index that was pushed last. */
  readonly root: Descriptor;
  /** Those below an index. */
  readonly children: readonly Descriptor[];
  /** Configurations and layers, each once. */
  readonly blobs: readonly Descriptor[];
}

/**
 * Pushes an image by plain HTTP, as its layers' bytes are made. On purpose not by the registry client: that is
 * what is measured.
 */
export async function pushImage(
  place: PushPlace,
  architecture: string,
  layerContents: readonly Iterable<Uint8Array>[],
): Promise<PushedImage> {
  const layers: Descriptor[] = [];
  for (const content of layerContents) layers.push(await pushBlob(place, content, OCI_LAYER_GZIP));
  // Nobody here unpacks a layer, so the digests of their contents need not be right.
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const document = JSON.stringify({ architecture, os: 'linux', config: {}, rootfs });
  const config = await pushBlob(place, [Buffer.from(document)], OCI_CONFIG);
  const root = await putManifest(place, OCI_MANIFEST, { config, layers });
  return { root, children: [], blobs: [config, ...layers] };
}

/** Pushes an index over images that are in the repository already. */
export async function pushIndex(
  place: PushPlace,
  images: ReadonlyMap<string, PushedImage>,
): Promise<PushedImage> {
  const manifests = Array.from(images, ([architecture, { root }]) => ({
    ...root,
    platform: { os: 'linux', architecture },
  }));
  const root = await putManifest(place, OCI_INDEX, { manifests });
  const blobs = [...images.values()].flatMap((image) => image.blobs);
  const distinct = new Map(blobs.map((blob) => [blob.digest, blob]));
  return { root, children: manifests, blobs: [...distinct.values()] };
}

/** The digest a tag names, by HEAD. */
export async function taggedDigest(host: string, repository: string, tag: string): Promise<string | null> {
  const response = await send(`http://${host}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept: `${OCI_MANIFEST}, ${OCI_INDEX}` },
  });
  return response.headers.get('docker-content-digest');
}

/** @throws Error when the repository does not hold all of the image under that tag, each part at its size. */
export async function assertHolds(
  host: string,
  repository: string,
  tag: string,
  image: PushedImage,
): Promise<void> {
  const arrived = await taggedDigest(host, repository, tag);
  if (arrived !== image.root.digest)
    throw new Error(`The target's tag names ${arrived}, the source's ${image.root.digest}.`);
  const base = `http://${host}/v2/${repository}`;
  const parts = [
    ...[image.root, ...image.children].map((part) => ({ ...part, url: `${base}/manifests/${part.digest}` })),
    ...image.blobs.map((part) => ({ ...part, url: `${base}/blobs/${part.digest}` })),
  ];
  for (const { url, size, mediaType } of parts) {
    const response = await send(url, { method: 'HEAD', headers: { accept: mediaType } });
    const there = Number(response.headers.get('content-length'));
    if (there !== size) throw new Error(`${url} is ${there} bytes long, not ${size}.`);
  }
}

/** Puts a manifest of those fields under the tag, or under its digest. */
export async function putManifest(
  { host, repository, tag, signal }: PushPlace,
  mediaType: string,
  fields: object,
): Promise<Descriptor> {
  const body = JSON.stringify({ schemaVersion: 2, mediaType, ...fields });
  const digest = digestOf(body);
  const url = `http://${host}/v2/${repository}/manifests/${tag ?? digest}`;
  await send(url, { method: 'PUT', headers: { 'content-type': mediaType }, body, signal });
  return { mediaType, digest, size: Buffer.byteLength(body) };
}

/** Sends a blob as its bytes are made. */
export async function pushBlob(
  { host, repository, signal }: PushPlace,
  chunks: Iterable<Uint8Array>,
  mediaType: string,
): Promise<Descriptor> {
  const digester = new Digester();
  let size = 0;
  async function* body() {
    for (const chunk of chunks) {
      digester.update(chunk);
      size += chunk.byteLength;
      yield chunk;
    }
  }
  const started = await send(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST', signal });
  const sent = await send(locationOf(started), {
    method: 'PATCH',
    headers: { 'content-type': 'application/octet-stream' },
    body: body(),
    duplex: 'half',
    signal,
  });
  const digest = digester.finish();
  const end = locationOf(sent);
  end.searchParams.set('digest', digest);
  await send(end, { method: 'PUT', signal });
  return { mediaType, digest, size };
}

function locationOf(response: Response): URL {
  return new URL(response.headers.get('location') ?? '', response.url);
}

async function send(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok)
    throw new Error(`${init.method} ${url} was answered with ${response.status}: ${text.slice(0, 500)}`);
  return response;
}
