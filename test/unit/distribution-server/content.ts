import { type Digest, digestOf, OCI_CONFIG, OCI_MANIFEST } from '../../../shared/content/index.ts';
import type { Reply, ServerUnderTest } from './serve.ts';

export const TEXT = 'the quick brown fox jumps over the lazy dog';
export const DIGEST = digestOf(TEXT);
export const UNKNOWN = digestOf('not in any repository');

export async function pushBlob({ send }: ServerUnderTest, name: string, text = TEXT): Promise<Digest> {
  const digest = digestOf(text);
  await send('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: text });
  return digest;
}

export interface Document {
  readonly [field: string]: unknown;
}

/** An image manifest of one layer. */
export function imageOf(layer: Digest, more: Document = {}): string {
  const config = { mediaType: OCI_CONFIG, digest: layer, size: TEXT.length };
  const layers = [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer, size: TEXT.length }];
  return JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers, ...more });
}

export function putManifest(
  { send }: ServerUnderTest,
  name: string,
  reference: string,
  body: string,
  contentType = OCI_MANIFEST,
): Promise<Reply> {
  return send('PUT', `/v2/${name}/manifests/${reference}`, {
    body,
    headers: { 'content-type': contentType },
  });
}

/** Pushes an image with one layer; resolves to the manifest and its digest. */
export async function pushImage(
  server: ServerUnderTest,
  name: string,
  reference: string,
  more: Document = {},
): Promise<{ readonly text: string; readonly digest: Digest }> {
  const text = imageOf(await pushBlob(server, name), more);
  await putManifest(server, name, reference, text);
  return { text, digest: digestOf(text) };
}
