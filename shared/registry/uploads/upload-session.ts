import type { Descriptor } from '../../content/index.ts';
import { IntegrityError } from '../../errors.ts';
import { display, need, type Place, pathOf } from '../endpoint/repository-context.ts';
import type { BodyMaker, HttpResponse, RetryBudget } from '../http/index.ts';
import { uploadLocation, withDigest } from '../protocol/location.ts';
import type { CallOptions } from '../types.ts';

export type Blob = Pick<Descriptor, 'digest' | 'size'>;

export interface AttemptOptions extends CallOptions {
  readonly retries: RetryBudget;
}

/** An upload that a registry has begun. */
export interface BegunUpload {
  readonly location: URL;
  /** The smallest chunk it takes, apart from the last, in bytes; 0 when it does not say. */
  readonly minChunkBytes: number;
}

const CANCEL_TIMEOUT_MS = 5_000;
const OCTETS = 'application/octet-stream';

/** The headers of a body of so many bytes. */
export function octets(length: number): Readonly<Record<string, string>> {
  return { 'content-type': OCTETS, 'content-length': String(length) };
}

export async function beginUpload(
  place: Place,
  { digest }: Blob,
  { retries, signal }: AttemptOptions,
): Promise<BegunUpload> {
  const response = await place.channel.request({
    what: `begin the upload of the blob ${display(place, digest)}`,
    method: 'POST',
    url: pathOf(place, 'blobs/uploads/'),
    needs: [need(place, 'push')],
    expect: [202],
    retries,
    signal,
  });
  await response.body.discard();
  return begunUpload(place, response);
}

/** Reads the answer that begins an upload (distribution-spec, "Pushing a blob in chunks"). */
export function begunUpload(place: Place, response: HttpResponse): BegunUpload {
  const minimum = response.header('oci-chunk-min-length')?.trim() ?? '';
  return {
    location: locationIn(place, response),
    minChunkBytes: /^\d{1,15}$/.test(minimum) ? Number(minimum) : 0,
  };
}

/** Adds bytes to an upload. Resolves to the answer, with the headers that say how it goes on. */
export async function patchUpload(
  place: Place,
  { digest }: Blob,
  location: URL,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: BodyMaker },
  { retries, signal }: AttemptOptions,
): Promise<HttpResponse> {
  const answer = await place.channel.request({
    what: `upload the blob ${display(place, digest)}`,
    method: 'PATCH',
    url: location,
    needs: [need(place, 'push')],
    headers,
    body,
    answerTimeoutMs: place.channel.limits.commitTimeoutMs,
    expect: [202],
    retries,
    signal,
  });
  await answer.body.discard();
  return answer;
}

/**
 * Ends an upload, with all of its bytes or after the last of them.
 * @throws IntegrityError `E_DIGEST_MISMATCH` when the registry stored something else
 */
export async function finishUpload(
  place: Place,
  { digest, size }: Blob,
  location: URL,
  body: BodyMaker | undefined,
  { retries, signal }: AttemptOptions,
): Promise<void> {
  const what = `upload the blob ${display(place, digest)}`;
  const answer = await place.channel.request({
    what,
    method: 'PUT',
    url: withDigest(location, digest),
    needs: [need(place, 'push')],
    ...(body && { headers: octets(size), body }),
    answerTimeoutMs: place.channel.limits.commitTimeoutMs,
    expect: [201, 204],
    retries,
    signal,
  });
  await answer.body.discard();
  const stored = answer.header('docker-content-digest');
  if (stored !== undefined && stored !== digest && stored.split(':', 1)[0] === digest.split(':', 1)[0]) {
    throw new IntegrityError(
      'E_DIGEST_MISMATCH',
      `Could not ${what}: the registry says it stored ${stored.slice(0, 150)}.`,
    );
  }
}

/** Where an upload goes on after an answer; `before` when it does not say. */
export function nextLocation(place: Place, answer: HttpResponse, before: URL): URL {
  return answer.header('location') === undefined ? before : locationIn(place, answer);
}

/** Best effort: a registry drops sessions that nobody finishes in the end. */
export async function cancelUpload(place: Place, location: URL): Promise<void> {
  try {
    const response = await place.channel.request({
      what: 'cancel an upload',
      method: 'DELETE',
      url: location,
      needs: [need(place, 'push')],
      expect: [200, 202, 204],
      signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS),
    });
    await response.body.discard();
  } catch {
    // The failure that made us cancel is the one to report.
  }
}

function locationIn({ channel }: Place, response: HttpResponse): URL {
  return uploadLocation(response.header('location'), response.url, channel.origin);
}
