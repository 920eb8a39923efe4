import type { Descriptor } from '../../content/index.ts';
import { IntegrityError } from '../../errors.ts';
import { display, pathOf, type RepositoryContext, scopeFor } from '../endpoint/repository-context.ts';
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
  context: RepositoryContext,
  { digest }: Blob,
  { retries, signal }: AttemptOptions,
): Promise<BegunUpload> {
  const response = await context.endpoint.request({
    what: `begin the upload of the blob ${display(context, digest)}`,
    method: 'POST',
    url: pathOf(context, 'blobs/uploads/'),
    scopes: [scopeFor(context, 'push')],
    expect: [202],
    retries,
    signal,
  });
  await response.body.discard();
  return begunUpload(context, response);
}

/** Reads the answer that begins an upload (distribution-spec, "Pushing a blob in chunks"). */
export function begunUpload(context: RepositoryContext, response: HttpResponse): BegunUpload {
  const minimum = response.header('oci-chunk-min-length')?.trim() ?? '';
  return {
    location: locationIn(context, response),
    minChunkBytes: /^\d{1,15}$/.test(minimum) ? Number(minimum) : 0,
  };
}

/** Adds bytes to an upload. Resolves to the answer, with the headers that say how it goes on. */
export async function patchUpload(
  context: RepositoryContext,
  { digest }: Blob,
  location: URL,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: BodyMaker },
  { retries, signal }: AttemptOptions,
): Promise<HttpResponse> {
  const answer = await context.endpoint.request({
    what: `upload the blob ${display(context, digest)}`,
    method: 'PATCH',
    url: location,
    scopes: [scopeFor(context, 'push')],
    headers,
    body,
    answerTimeoutMs: context.endpoint.limits.commitTimeoutMs,
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
  context: RepositoryContext,
  { digest, size }: Blob,
  location: URL,
  body: BodyMaker | undefined,
  { retries, signal }: AttemptOptions,
): Promise<void> {
  const what = `upload the blob ${display(context, digest)}`;
  const answer = await context.endpoint.request({
    what,
    method: 'PUT',
    url: withDigest(location, digest),
    scopes: [scopeFor(context, 'push')],
    ...(body && { headers: octets(size), body }),
    answerTimeoutMs: context.endpoint.limits.commitTimeoutMs,
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
export function nextLocation(context: RepositoryContext, answer: HttpResponse, before: URL): URL {
  return answer.header('location') === undefined ? before : locationIn(context, answer);
}

/** Best effort: a registry drops sessions that nobody finishes in the end. */
export async function cancelUpload(context: RepositoryContext, location: URL): Promise<void> {
  try {
    const response = await context.endpoint.request({
      what: 'cancel an upload',
      method: 'DELETE',
      url: location,
      scopes: [scopeFor(context, 'push')],
      expect: [200, 202, 204],
      signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS),
    });
    await response.body.discard();
  } catch {
    // The failure that made us cancel is the one to report.
  }
}

function locationIn({ endpoint }: RepositoryContext, response: HttpResponse): URL {
  return uploadLocation(response.header('location'), response.url, endpoint.origin);
}
