import type { Descriptor } from '../content/index.ts';
import { IntegrityError, RegistryError, TransportError } from '../errors.ts';
import { hasBlob } from './blobs.ts';
import { display, need, type Place, pathOf } from './place.ts';
import { uploadLocation, withDigest } from './protocol/location.ts';
import { type HttpResponse, nextDelayMs } from './transport/index.ts';
import type { BlobOutcome, PushBlobOptions } from './types.ts';
import { UploadBody } from './upload-body.ts';

type Blob = Pick<Descriptor, 'digest' | 'size'>;

const CANCEL_TIMEOUT_MS = 5_000;
const OCTETS = 'application/octet-stream';

/**
 * See `Repository.pushBlob`. With a sibling to mount from, that is tried first: it costs one request and no
 * bytes, and a registry that cannot answers with the upload session that is needed anyway.
 */
export async function pushBlob(
  place: Place,
  blob: Blob,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  options: PushBlobOptions = {},
): Promise<BlobOutcome> {
  const { mountFrom, signal } = options;
  let session: URL | undefined;
  if (mountFrom !== undefined && mountFrom !== place.name.repository) {
    const mounted = await tryMount(place, blob, mountFrom, signal);
    if (mounted === 'mounted') return mounted;
    session = mounted;
  }
  if (await hasBlob(place, blob.digest, { signal }, 'push')) {
    if (session) await cancel(place, session);
    return 'existing';
  }
  await upload(place, blob, open, session, options);
  return 'uploaded';
}

/** `mounted`, an upload session, or `undefined` when these credentials may not mount from there. */
async function tryMount(
  place: Place,
  { digest }: Blob,
  from: string,
  signal: AbortSignal | undefined,
): Promise<'mounted' | URL | undefined> {
  try {
    const response = await place.channel.request({
      what: `mount the blob ${display(place, digest)} from ${from}`,
      method: 'POST',
      url: pathOf(
        place,
        `blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`,
      ),
      needs: [need(place, 'push'), { repository: from, access: 'pull' }],
      expect: [201, 202],
      signal,
    });
    await response.body.discard();
    return response.status === 201 ? 'mounted' : sessionOf(place, response);
  } catch (error) {
    if (error instanceof RegistryError && ['E_DENIED', 'E_NOT_FOUND', 'E_PROTOCOL'].includes(error.code)) {
      // Mounting only spares bytes. If more than that is wrong, the plain upload says so.
      return undefined;
    }
    throw error;
  }
}

/** Sends the bytes, in a new session each time: how much of a broken one arrived is anybody's guess. */
async function upload(
  place: Place,
  blob: Blob,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  firstSession: URL | undefined,
  { signal, onBytes }: PushBlobOptions,
): Promise<void> {
  const { limits, timing } = place.channel;
  let session = firstSession;
  let wrongBytes = 0;
  let spentMs = 0;
  for (let attempt = 1; ; attempt += 1) {
    session ??= await beginUpload(place, blob, signal);
    const body = new UploadBody(open, blob.size, onBytes);
    try {
      await sendBytes(place, blob, session, body, signal);
      return;
    } catch (thrown) {
      const error = toUploadError(thrown, body, blob);
      const cancelled = cancel(place, session);
      signal?.throwIfAborted();
      await cancelled;
      if (error instanceof IntegrityError) wrongBytes += 1;
      const canRepeat = body.failure?.whileOpening !== true && wrongBytes < 2 && isPassing(error);
      const delayMs = canRepeat
        ? nextDelayMs({ attempt, spentMs, retryAfterMs: retryAfterOf(error) }, limits, timing)
        : undefined;
      if (delayMs === undefined) throw error;
      await timing.sleep(delayMs, signal);
      spentMs += delayMs;
      // The answer may be all that was lost.
      if (await hasBlob(place, blob.digest, { signal }, 'push')) return;
      session = undefined;
    } finally {
      body.stop();
    }
  }
}

async function beginUpload(place: Place, { digest }: Blob, signal: AbortSignal | undefined): Promise<URL> {
  const response = await place.channel.request({
    what: `begin the upload of the blob ${display(place, digest)}`,
    method: 'POST',
    url: pathOf(place, 'blobs/uploads/'),
    needs: [need(place, 'push')],
    expect: [202],
    signal,
  });
  await response.body.discard();
  return sessionOf(place, response);
}

async function sendBytes(
  place: Place,
  { digest, size }: Blob,
  session: URL,
  body: UploadBody,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { channel } = place;
  const what = `upload the blob ${display(place, digest)}`;
  const common = {
    what,
    needs: [need(place, 'push')],
    answerTimeoutMs: channel.limits.commitTimeoutMs,
    signal,
  };
  const streamed = {
    headers: { 'content-type': OCTETS, 'content-length': String(size) },
    body: () => body.make(),
  };
  let location = session;
  const isSinglePut = size <= channel.limits.singlePutBytes;
  if (!isSinglePut) {
    const answer = await channel.request({
      ...common,
      ...streamed,
      method: 'PATCH',
      url: session,
      expect: [202],
    });
    await answer.body.discard();
    location = answer.header('location') === undefined ? session : sessionOf(place, answer);
  }
  const answer = await channel.request({
    ...common,
    ...(isSinglePut && streamed),
    method: 'PUT',
    url: withDigest(location, digest),
    expect: [201, 204],
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

function sessionOf({ channel }: Place, response: HttpResponse): URL {
  return uploadLocation(response.header('location'), response.url, channel.origin);
}

/** Best effort: a registry drops sessions that nobody finishes in the end. */
async function cancel(place: Place, session: URL): Promise<void> {
  try {
    const response = await place.channel.request({
      what: 'cancel an upload',
      method: 'DELETE',
      url: session,
      needs: [need(place, 'push')],
      expect: [200, 202, 204],
      signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS),
    });
    await response.body.discard();
  } catch {
    // The failure that made us cancel is the one to report.
  }
}

/** The source's own failure before the broken connection it caused; a registry's "wrong digest" as what it is. */
function toUploadError(thrown: unknown, { failure }: UploadBody, { digest }: Blob): unknown {
  if (failure) return failure.error;
  if (
    thrown instanceof RegistryError &&
    thrown.registryCodes.some((code) => /^(?:DIGEST|SIZE)_INVALID$/.test(code))
  ) {
    return new IntegrityError(
      'E_DIGEST_MISMATCH',
      `The registry says that what arrived for ${digest} is something else. Nothing was tagged.`,
      { cause: thrown },
    );
  }
  return thrown;
}

/** Not-found is about the session: registries lose or expire them. */
function isPassing(error: unknown): boolean {
  if (error instanceof TransportError) return error.code !== 'E_TOO_LARGE';
  if (error instanceof RegistryError) {
    return ['E_UNAVAILABLE', 'E_RATE_LIMITED', 'E_NOT_FOUND'].includes(error.code);
  }
  return error instanceof IntegrityError;
}

function retryAfterOf(error: unknown): number | undefined {
  return error instanceof RegistryError ? error.retryAfterMs : undefined;
}
