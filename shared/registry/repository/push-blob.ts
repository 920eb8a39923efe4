import { type Descriptor, OCI_CONFIG, type UploadSessions } from '../../content/index.ts';
import { RegistryError } from '../../errors.ts';
import { operationOn, pathOf, type RepositoryContext, scopeFor } from '../endpoint/index.ts';
import type { CallOptions } from '../http/index.ts';
import { type Blob, UploadSession, uploadBlob } from '../uploads/index.ts';
import { hasBlob } from './blobs.ts';

/** What became of a blob that was to be put into a repository. */
export type BlobOutcome = 'existing' | 'mounted' | 'uploaded';

export interface PushBlobOptions extends CallOptions {
  /** Another repository of the same registry that may hold the blob; tried with a cross-repository mount first. */
  readonly mountFrom?: string | undefined;
  /** The repository is known to be empty: small blobs are sent without asking whether they exist. */
  readonly isNew?: boolean | undefined;
  /** Called with the number of bytes sent since the last call; bytes sent again count again. */
  readonly onBytes?: ((count: number) => void) | undefined;
  /**
   * Where the state of large uploads is saved, so that an upload that broke off, also with its process, is resumed.
   * Default: each begins anew.
   */
  readonly sessions?: UploadSessions | undefined;
}

/**
 * See `Repository.pushBlob`. With a sibling to mount from, that is tried first: it costs one request and no
 * bytes, and a registry that cannot mount responds with the upload session that is needed anyway.
 */
export async function pushBlob(
  context: RepositoryContext,
  blob: Blob & Partial<Pick<Descriptor, 'mediaType'>>,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  options: PushBlobOptions = {},
): Promise<BlobOutcome> {
  const { mountFrom, signal, onBytes, sessions } = options;
  let begun: UploadSession | undefined;
  if (mountFrom !== undefined && mountFrom !== context.name.repository) {
    const mounted = await tryMount(context, blob, mountFrom, signal);
    if (mounted === 'mounted') return mounted;
    begun = mounted;
  }
  const isUnasked = isOfOneImage(blob) || (options.isNew && blob.size <= MAX_SENT_UNASKED_BYTES);
  if (!isUnasked && (await hasBlob(context, blob.digest, { signal }, 'push'))) {
    await begun?.cancel();
    return 'existing';
  }
  await uploadBlob(context, blob, open, {
    begun,
    isStored: (attempt) => hasBlob(context, blob.digest, attempt, 'push'),
    onBytes,
    sessions,
    signal,
  });
  return 'uploaded';
}

/**
 * Whether a blob is the config of an image: named by that image alone, so needed only where the image is new, and so
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

/** To a new repository. It may hold what an interrupted copy left behind, which for larger blobs is worth a request. */
const MAX_SENT_UNASKED_BYTES = 4 * 1024 * 1024;

/** `mounted`, a session that began instead, or `undefined` when these credentials may not mount from there. */
async function tryMount(
  context: RepositoryContext,
  blob: Blob,
  from: string,
  signal: AbortSignal | undefined,
): Promise<'mounted' | UploadSession | undefined> {
  const query = `mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent(from)}`;
  try {
    const response = await context.endpoint.request({
      operation: operationOn(context, 'mount blob', blob.digest, ` from ${from}`),
      method: 'POST',
      url: pathOf(context, `blobs/uploads/?${query}`),
      scopes: [scopeFor(context, 'push'), { repository: from, access: 'pull' }],
      expect: [201, 202],
      signal,
    });
    await response.body.discard();
    return response.status === 201 ? 'mounted' : UploadSession.from(context, blob, response);
  } catch (error) {
    if (error instanceof RegistryError && ['E_DENIED', 'E_NOT_FOUND', 'E_PROTOCOL'].includes(error.code)) {
      // A mount only saves bytes. If more than that is wrong, the upload says so.
      return undefined;
    }
    throw error;
  }
}
