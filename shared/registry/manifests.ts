import {
  algorithmOf,
  type Descriptor,
  type Digest,
  digestOf,
  isDigest,
  MANIFEST_ACCEPT,
  MAX_MANIFEST_BYTES,
  type ManifestContent,
  manifestContent,
  mediaTypeOf,
  verifyBytes,
} from '../content/index.ts';
import { IntegrityError, InvalidInputError } from '../errors.ts';
import { assertTagOrDigest, display, need, type Place, pathOf } from './place.ts';
import type { HttpResponse } from './transport/index.ts';
import type { CallOptions } from './types.ts';

const ACCEPT = { accept: MANIFEST_ACCEPT.join(', ') };

/** See `Repository.resolve`. */
export async function resolveManifest(
  place: Place,
  tagOrDigest: string,
  { signal }: CallOptions = {},
): Promise<Descriptor | undefined> {
  assertTagOrDigest(tagOrDigest);
  const what = `look up ${display(place, tagOrDigest)}`;
  const response = await place.channel.request({
    what,
    method: 'HEAD',
    url: pathOf(place, `manifests/${tagOrDigest}`),
    needs: [need(place, 'pull')],
    headers: ACCEPT,
    expect: [200, 404],
    signal,
  });
  await response.body.discard();
  if (response.status === 404) return undefined;
  const announced = announcedDigest(place, what, response);
  if (isDigest(tagOrDigest) && announced !== undefined) assertSame(what, tagOrDigest, announced);
  const digest = isDigest(tagOrDigest) ? tagOrDigest : announced;
  const size = Number(response.header('content-length') || Number.NaN);
  const mediaType = response.header('content-type')?.split(';', 1)[0]?.trim();
  if (digest && Number.isSafeInteger(size) && mediaType?.startsWith('application/vnd.')) {
    return { mediaType, digest, size };
  }
  // Headers that a registry may leave out; only the content itself can tell then.
  const content = await fetchManifest(place, tagOrDigest, { signal });
  return { mediaType: content.mediaType, digest: content.digest, size: content.size };
}

/** See `Repository.fetchManifest`. Wrong bytes are asked for once more. */
export async function fetchManifest(
  place: Place,
  tagOrDigest: string,
  options: CallOptions = {},
): Promise<ManifestContent> {
  assertTagOrDigest(tagOrDigest);
  try {
    return await fetchOnce(place, tagOrDigest, options);
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    return await fetchOnce(place, tagOrDigest, options);
  }
}

async function fetchOnce(
  place: Place,
  tagOrDigest: string,
  { signal }: CallOptions,
): Promise<ManifestContent> {
  const what = `read the manifest ${display(place, tagOrDigest)}`;
  const response = await place.channel.request({
    what,
    method: 'GET',
    url: pathOf(place, `manifests/${tagOrDigest}`),
    needs: [need(place, 'pull')],
    headers: ACCEPT,
    expect: [200],
    signal,
  });
  const bytes = await place.channel.readAll(response, MAX_MANIFEST_BYTES, { what, signal });
  const digest = isDigest(tagOrDigest) ? tagOrDigest : announcedDigest(place, what, response);
  const mediaType = manifestType(place, what, bytes, response.header('content-type'));
  if (digest !== undefined) verifyBytes(bytes, { digest });
  return manifestContent(bytes, mediaType, digest);
}

function manifestType(
  place: Place,
  what: string,
  bytes: Uint8Array,
  contentType: string | undefined,
): string {
  if (contentType !== undefined && !/^(?:application\/|text\/plain)/i.test(contentType.trim())) {
    throw place.channel.malformed(what, `sent ${contentType.slice(0, 100)}, which no manifest is`);
  }
  try {
    return mediaTypeOf(bytes, contentType);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw place.channel.malformed(what, 'sent something that is not a manifest', error);
  }
}

/** See `Repository.pushManifest`. */
export async function pushManifest(
  place: Place,
  tagOrDigest: string,
  { bytes, mediaType, digest }: ManifestContent,
  { signal }: CallOptions = {},
): Promise<void> {
  assertTagOrDigest(tagOrDigest);
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new InvalidInputError(
      'E_MANIFEST',
      `The manifest is ${bytes.byteLength} bytes long, registries take at most ${MAX_MANIFEST_BYTES}.`,
    );
  }
  verifyBytes(bytes, { digest: isDigest(tagOrDigest) ? tagOrDigest : digest });
  const what = `push the manifest ${display(place, tagOrDigest)}`;
  const response = await place.channel.request({
    what,
    method: 'PUT',
    url: pathOf(place, `manifests/${tagOrDigest}`),
    needs: [need(place, 'push')],
    headers: { 'content-type': mediaType },
    body: bytes,
    expect: [200, 201],
    signal,
  });
  await response.body.discard();
  const stored = announcedDigest(place, what, response);
  if (stored !== undefined) assertSame(what, digestOf(bytes, algorithmOf(stored)), stored);
}

/** See `Repository.deleteManifest`. */
export async function deleteManifest(
  place: Place,
  tagOrDigest: string,
  { signal }: CallOptions = {},
): Promise<void> {
  assertTagOrDigest(tagOrDigest);
  const response = await place.channel.request({
    what: `delete the manifest ${display(place, tagOrDigest)}`,
    method: 'DELETE',
    url: pathOf(place, `manifests/${tagOrDigest}`),
    needs: [need(place, 'delete')],
    expect: [200, 202, 204],
    signal,
  });
  await response.body.discard();
}

/** `Docker-Content-Digest`, which a registry may leave out but not garble. */
function announcedDigest(place: Place, what: string, response: HttpResponse): Digest | undefined {
  const header = response.header('docker-content-digest');
  if (header === undefined || isDigest(header)) return header;
  throw place.channel.malformed(what, 'announced a digest that is none');
}

function assertSame(what: string, expected: Digest, actual: Digest): void {
  if (expected === actual) return;
  throw new IntegrityError(
    'E_DIGEST_MISMATCH',
    `Could not ${what}: the registry has ${actual} where ${expected} belongs. Look at what it holds there before trusting it.`,
  );
}
