import {
  type Descriptor,
  Digester,
  digestOf,
  OCI_CONFIG,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../shared/content/index.ts';

export interface PushImageRequest {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
  readonly layer: Iterable<Uint8Array>;
  readonly signal: AbortSignal;
}

/**
 * Pushes an image of one layer by plain HTTP, as the layer's bytes are made. Resolves to the manifest's digest.
 * On purpose not by the registry client: that is what is measured.
 */
export async function pushImage({ host, repository, tag, layer, signal }: PushImageRequest): Promise<string> {
  const base = `http://${host}/v2/${repository}`;
  const config = await pushBlob(base, [Buffer.from('{}')], OCI_CONFIG, signal);
  const layers = [await pushBlob(base, layer, OCI_LAYER_GZIP, signal)];
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers });
  await send(`${base}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': OCI_MANIFEST },
    body: manifest,
    signal,
  });
  return digestOf(manifest);
}

/** The digest a tag names, by HEAD. */
export async function taggedDigest(host: string, repository: string, tag: string): Promise<string | null> {
  const response = await send(`http://${host}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept: OCI_MANIFEST },
  });
  return response.headers.get('docker-content-digest');
}

async function pushBlob(
  base: string,
  chunks: Iterable<Uint8Array>,
  mediaType: string,
  signal: AbortSignal,
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
  const started = await send(`${base}/blobs/uploads/`, { method: 'POST', signal });
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
