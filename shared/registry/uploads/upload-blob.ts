import type { UploadSessions } from '../../content/index.ts';
import { IntegrityError } from '../../errors.ts';
import type { RepositoryContext } from '../endpoint/index.ts';
import { type CallOptions, RetryBudget } from '../http/index.ts';
import { MonolithicUpload } from './monolithic-upload.ts';
import { ResumableUpload } from './resumable-upload.ts';
import { UploadBody } from './upload-body.ts';
import { isPassing, retryAfterOf, toUploadError } from './upload-failure.ts';
import type { AttemptOptions, Blob, UploadSession } from './upload-session.ts';

export interface UploadOptions extends CallOptions {
  /** A session for the blob that has begun already. */
  readonly begun: UploadSession | undefined;
  /** Whether the registry has the blob; asked after a failure whose response may be all that was lost. */
  readonly isStored: (options: AttemptOptions) => Promise<boolean>;
  readonly onBytes?: ((count: number) => void) | undefined;
  /** Where the state of large uploads is saved. Default: nowhere, so each attempt begins anew. */
  readonly sessions?: UploadSessions | undefined;
}

/**
 * Sends the bytes: in chunks with saved state if the blob is large and no other worker does so now.
 * @param open opens the source at its first byte; called again for each further attempt
 * @throws the source's own failure, TransportError, RegistryError, IntegrityError
 */
export async function uploadBlob(
  context: RepositoryContext,
  blob: Blob,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  options: UploadOptions,
): Promise<void> {
  const { begun, sessions } = options;
  const isLarge = blob.size >= context.endpoint.limits.resumableBytes;
  const claim = isLarge ? await sessions?.claim({ ...context.name, digest: blob.digest }) : undefined;
  if (!claim) {
    await sendUntilStored(context, blob, open, new MonolithicUpload(context, blob, begun), options);
    return;
  }
  try {
    await sendUntilStored(context, blob, open, new ResumableUpload(context, blob, claim, begun), options);
    await claim.forget();
  } finally {
    // Best effort: a claim that is not released expires.
    await claim.release().catch(() => {});
  }
}

async function sendUntilStored(
  { endpoint: { limits, timing } }: RepositoryContext,
  blob: Blob,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  strategy: MonolithicUpload | ResumableUpload,
  { signal, onBytes, isStored }: UploadOptions,
): Promise<void> {
  const retries = new RetryBudget(limits, timing);
  let wrongBytes = 0;
  for (;;) {
    const body = new UploadBody(open, blob.size, onBytes);
    try {
      await strategy.send(body, { retries, signal });
      return;
    } catch (thrown) {
      const error = toUploadError(thrown, body, blob);
      if (error instanceof IntegrityError) wrongBytes += 1;
      const canRepeat = body.failure?.whileOpening !== true && wrongBytes < 2 && isPassing(error);
      const delayMs = canRepeat ? retries.nextDelayMs({ retryAfterMs: retryAfterOf(error) }) : undefined;
      const arrived = async () => !body.failure && (await isStoredAfterAll(isStored, { retries, signal }));
      // The response may be all that was lost, also that of the last attempt.
      const isLast = delayMs === undefined && !signal?.aborted;
      if (isLast && canRepeat && (await arrived())) return;
      const givenUp = strategy.giveUp(error);
      signal?.throwIfAborted();
      await givenUp;
      if (delayMs === undefined) throw error;
      await timing.sleep(delayMs, signal);
      if (await arrived()) return;
    } finally {
      body.stop();
    }
  }
}

/** A failure of the question is not the failure to report. */
async function isStoredAfterAll(
  isStored: UploadOptions['isStored'],
  options: AttemptOptions,
): Promise<boolean> {
  try {
    return await isStored(options);
  } catch {
    options.signal?.throwIfAborted();
    return false;
  }
}
