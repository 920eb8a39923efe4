import type { Descriptor } from '../content/index.ts';
import { IntegrityError, RegistryError, TransportError } from '../errors.ts';
import { hasBlob } from './blobs.ts';
import { display, need, type Place, pathOf } from './place.ts';
import { uploadLocation, withDigest } from './protocol/location.ts';
import { type HttpResponse, RetryBudget } from './transport/index.ts';
import type { BlobOutcome, CallOptions, PushBlobOptions } from './types.ts';
import { UploadBody } from './upload-body.ts';

type Blob = Pick<Descriptor, 'digest' | 'size'>;

interface AttemptOptions extends CallOptions {
  readonly retries: RetryBudget;
}

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
  const retries = new RetryBudget(limits, timing);
  let session = firstSession;
  let wrongBytes = 0;
  for (;;) {
    session ??= await beginUpload(place, blob, { retries, signal });
    const body = new UploadBody(open, blob.size, onBytes);
    try {
      await sendBytes(place, blob, session, body, { retries, signal });
      return;
    } catch (thrown) {
      const error = toUploadError(thrown, body, blob);
      if (error instanceof IntegrityError) wrongBytes += 1;
      const canRepeat = body.failure?.whileOpening !== true && wrongBytes < 2 && isPassing(error);
      const delayMs = canRepeat ? retries.nextDelayMs({ retryAfterMs: retryAfterOf(error) }) : undefined;
      // The answer may be all that was lost, also of the last attempt.
      const isLast = delayMs === undefined && !signal?.aborted;
      if (isLast && canRepeat && (await arrived(place, blob, body, { retries, signal }))) return;
      const cancelled = cancel(place, session);
      signal?.throwIfAborted();
      await cancelled;
      if (delayMs === undefined) throw error;
      await timing.sleep(delayMs, signal);
      if (await arrived(place, blob, body, { retries, signal })) return;
      session = undefined;
    } finally {
      body.stop();
    }
  }
}

/** Whether the registry has the blob after all. What keeps it from saying so is not the failure to report. */
async function arrived(
  place: Place,
  { digest }: Blob,
  { failure }: UploadBody,
  { retries, signal }: AttemptOptions,
): Promise<boolean> {
  if (failure) return false;
  try {
    return await hasBlob(place, digest, { retries, signal }, 'push');
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

async function beginUpload(
  place: Place,
  { digest }: Blob,
  { retries, signal }: AttemptOptions,
): Promise<URL> {
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
  return sessionOf(place, response);
}

async function sendBytes(
  place: Place,
  { digest, size }: Blob,
  session: URL,
  body: UploadBody,
  { retries, signal }: AttemptOptions,
): Promise<void> {
  const { channel } = place;
  const what = `upload the blob ${display(place, digest)}`;
  const common = {
    what,
    needs: [need(place, 'push')],
    answerTimeoutMs: channel.limits.commitTimeoutMs,
    retries,
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

/** The code of distribution-spec for a session that is over, or was never there. */
const SESSION_GONE = 'BLOB_UPLOAD_UNKNOWN';

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
  if (thrown instanceof RegistryError && thrown.registryCodes.includes(SESSION_GONE)) {
    // Nothing that was asked for is missing: the registry lost its place, and may keep it another time.
    const { message, registryCodes, status = 404 } = thrown;
    return new RegistryError('E_UNAVAILABLE', message, { status, registryCodes, cause: thrown });
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
