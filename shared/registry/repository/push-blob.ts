import { type Descriptor, OCI_CONFIG } from '../../content/index.ts';
import { IntegrityError, RegistryError } from '../../errors.ts';
import { display, pathOf, type RepositoryContext, scopeFor } from '../endpoint/repository-context.ts';
import { RetryBudget } from '../http/index.ts';
import type { BlobOutcome, PushBlobOptions } from '../types.ts';
import { MonolithicUpload } from '../uploads/monolithic-upload.ts';
import { ResumableUpload } from '../uploads/resumable-upload.ts';
import { UploadBody } from '../uploads/upload-body.ts';
import { isPassing, retryAfterOf, toUploadError } from '../uploads/upload-failure.ts';
import {
  type AttemptOptions,
  type BegunUpload,
  type Blob,
  begunUpload,
  cancelUpload,
} from '../uploads/upload-session.ts';
import { hasBlob } from './blobs.ts';

/**
 * See `Repository.pushBlob`. With a sibling to mount from, that is tried first: it costs one request and no
 * bytes, and a registry that cannot answers with the upload session that is needed anyway.
 */
export async function pushBlob(
  context: RepositoryContext,
  blob: Blob & Partial<Pick<Descriptor, 'mediaType'>>,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  options: PushBlobOptions = {},
): Promise<BlobOutcome> {
  const { mountFrom, signal } = options;
  let begun: BegunUpload | undefined;
  if (mountFrom !== undefined && mountFrom !== context.name.repository) {
    const mounted = await tryMount(context, blob, mountFrom, signal);
    if (mounted === 'mounted') return mounted;
    begun = mounted;
  }
  const isUnasked = isOfOneImage(blob) || (options.isNew && blob.size <= MAX_SENT_UNASKED_BYTES);
  if (!isUnasked && (await hasBlob(context, blob.digest, { signal }, 'push'))) {
    if (begun) await cancelUpload(context, begun.location);
    return 'existing';
  }
  await upload(context, blob, open, begun, options);
  return 'uploaded';
}

/**
 * Whether a blob is the config of an image: named by that image alone, so wanted only where the image is new, and so
 * small that sending it again costs less than asking each time. The empty config that artifacts share is none.
 */
function isOfOneImage({ mediaType, size }: Blob & Partial<Pick<Descriptor, 'mediaType'>>): boolean {
  return mediaType !== undefined && IMAGE_CONFIGS.has(mediaType) && size <= MAX_UNASKED_BYTES;
}

const IMAGE_CONFIGS: ReadonlySet<string> = new Set([
  OCI_CONFIG,
  'application/vnd.docker.container.image.v1+json',
]);

/** Configs have a few KB. */
const MAX_UNASKED_BYTES = 64 * 1024;

/** Of a new repository. It may hold what a copy that did not end left behind, which for more is worth a question. */
const MAX_SENT_UNASKED_BYTES = 4 * 1024 * 1024;

/** `mounted`, an upload that was begun instead, or `undefined` when these credentials may not mount from there. */
async function tryMount(
  context: RepositoryContext,
  { digest }: Blob,
  from: string,
  signal: AbortSignal | undefined,
): Promise<'mounted' | BegunUpload | undefined> {
  try {
    const response = await context.endpoint.request({
      what: `mount the blob ${display(context, digest)} from ${from}`,
      method: 'POST',
      url: pathOf(
        context,
        `blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`,
      ),
      scopes: [scopeFor(context, 'push'), { repository: from, access: 'pull' }],
      expect: [201, 202],
      signal,
    });
    await response.body.discard();
    return response.status === 201 ? 'mounted' : begunUpload(context, response);
  } catch (error) {
    if (error instanceof RegistryError && ['E_DENIED', 'E_NOT_FOUND', 'E_PROTOCOL'].includes(error.code)) {
      // Mounting only spares bytes. If more than that is wrong, the plain upload says so.
      return undefined;
    }
    throw error;
  }
}

/** Sends the bytes: in chunks that are written down if the blob is large and nobody else does so now. */
async function upload(
  context: RepositoryContext,
  blob: Blob,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  begun: BegunUpload | undefined,
  options: PushBlobOptions,
): Promise<void> {
  const isLarge = blob.size >= context.endpoint.limits.resumableBytes;
  const claim = isLarge ? await options.sessions?.claim({ ...context.name, digest: blob.digest }) : undefined;
  if (!claim) {
    await sendUntilThere(context, blob, open, new MonolithicUpload(context, blob, begun?.location), options);
    return;
  }
  try {
    await sendUntilThere(context, blob, open, new ResumableUpload(context, blob, claim, begun), options);
    await claim.forget();
  } finally {
    // Best effort: a claim that is not given back runs out.
    await claim.release().catch(() => {});
  }
}

/** As often as it takes. */
async function sendUntilThere(
  context: RepositoryContext,
  blob: Blob,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  way: MonolithicUpload | ResumableUpload,
  { signal, onBytes }: PushBlobOptions,
): Promise<void> {
  const { limits, timing } = context.endpoint;
  const retries = new RetryBudget(limits, timing);
  let wrongBytes = 0;
  for (;;) {
    const body = new UploadBody(open, blob.size, onBytes);
    try {
      await way.send(body, { retries, signal });
      return;
    } catch (thrown) {
      const error = toUploadError(thrown, body, blob);
      if (error instanceof IntegrityError) wrongBytes += 1;
      const canRepeat = body.failure?.whileOpening !== true && wrongBytes < 2 && isPassing(error);
      const delayMs = canRepeat ? retries.nextDelayMs({ retryAfterMs: retryAfterOf(error) }) : undefined;
      // The answer may be all that was lost, also of the last attempt.
      const isLast = delayMs === undefined && !signal?.aborted;
      if (isLast && canRepeat && (await arrived(context, blob, body, { retries, signal }))) return;
      const givenUp = way.giveUp(error);
      signal?.throwIfAborted();
      await givenUp;
      if (delayMs === undefined) throw error;
      await timing.sleep(delayMs, signal);
      if (await arrived(context, blob, body, { retries, signal })) return;
    } finally {
      body.stop();
    }
  }
}

/** Whether the registry has the blob after all. What keeps it from saying so is not the failure to report. */
async function arrived(
  context: RepositoryContext,
  { digest }: Blob,
  { failure }: UploadBody,
  { retries, signal }: AttemptOptions,
): Promise<boolean> {
  if (failure) return false;
  try {
    return await hasBlob(context, digest, { retries, signal }, 'push');
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}
