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
} from '../../content/index.ts';
import { IntegrityError, InvalidInputError, RegistryError } from '../../errors.ts';
import {
  assertTagOrDigest,
  operationOn,
  type PullOptions,
  pathOf,
  type RepositoryContext,
  retryUntilIntact,
  scopeFor,
} from '../endpoint/index.ts';
import type { CallOptions, HttpResponse, RetryBudget } from '../http/index.ts';
import { contextOf, couldNot, NO_HEAD, type Operation } from '../protocol/index.ts';
import { deleteAt } from './deletion.ts';

/** What a registry said of a manifest that it stored. */
export interface PushedManifest {
  /** The subject under which it lists the manifest without further requests (`OCI-Subject`); `undefined`: it does not. */
  readonly subject: Digest | undefined;
}

interface AttemptOptions extends CallOptions {
  readonly retries: RetryBudget;
}

/** For HEAD; a 404 is an answer. */
const LOOKED_UP = [200, 404, ...NO_HEAD];
const ACCEPT = { accept: MANIFEST_ACCEPT.join(', ') };

/** See `Repository.resolve`. */
export async function resolveManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  { signal, meter }: PullOptions = {},
): Promise<Descriptor | undefined> {
  assertTagOrDigest(tagOrDigest);
  const operation = operationOn(context, 'resolve', tagOrDigest);
  const response = await context.endpoint.request({
    operation,
    method: 'HEAD',
    url: pathOf(context, `manifests/${tagOrDigest}`),
    scopes: [scopeFor(context, 'pull')],
    headers: ACCEPT,
    expect: LOOKED_UP,
    meter,
    signal,
  });
  await response.body.discard();
  if (response.status === 404) return undefined;
  if (NO_HEAD.includes(response.status)) return await resolveByGet(context, tagOrDigest, { signal, meter });
  const announced = announcedDigest(context, operation, response);
  if (isDigest(tagOrDigest) && announced !== undefined) assertSame(operation, tagOrDigest, announced);
  const digest = isDigest(tagOrDigest) ? tagOrDigest : announced;
  const size = Number(response.header('content-length') || Number.NaN);
  const mediaType = response.header('content-type')?.split(';', 1)[0]?.trim();
  if (digest && Number.isSafeInteger(size) && mediaType?.startsWith('application/vnd.')) {
    return { mediaType, digest, size };
  }
  // Headers that a registry may leave out; only the content itself can tell then.
  return await resolveByGet(context, tagOrDigest, { signal, meter });
}

async function resolveByGet(
  context: RepositoryContext,
  tagOrDigest: string,
  options: PullOptions,
): Promise<Descriptor | undefined> {
  const found = await findManifest(context, tagOrDigest, options);
  return found && { mediaType: found.mediaType, digest: found.digest, size: found.size };
}

/** As `fetchManifest`, but what is not there is `undefined`. */
export async function findManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  options: PullOptions,
): Promise<ManifestContent | undefined> {
  try {
    return await fetchManifest(context, tagOrDigest, options);
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'E_NOT_FOUND') return undefined;
    throw error;
  }
}

/** See `Repository.fetchManifest`. */
export async function fetchManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  { signal, meter }: PullOptions = {},
): Promise<ManifestContent> {
  assertTagOrDigest(tagOrDigest);
  return await retryUntilIntact(context, signal, (retries) =>
    fetchOnce(context, tagOrDigest, { signal, meter, retries }),
  );
}

async function fetchOnce(
  context: RepositoryContext,
  tagOrDigest: string,
  { signal, meter, retries }: AttemptOptions & PullOptions,
): Promise<ManifestContent> {
  const operation = operationOn(context, 'fetch manifest', tagOrDigest);
  const response = await context.endpoint.request({
    operation,
    method: 'GET',
    url: pathOf(context, `manifests/${tagOrDigest}`),
    scopes: [scopeFor(context, 'pull')],
    headers: ACCEPT,
    expect: [200],
    meter,
    retries,
    signal,
  });
  const bytes = await context.endpoint.readAll(response, MAX_MANIFEST_BYTES, { operation, signal });
  const digest = isDigest(tagOrDigest) ? tagOrDigest : announcedDigest(context, operation, response);
  const contentType = response.header('content-type');
  assertManifestLike(context, operation, contentType);
  if (digest !== undefined) verifyBytes(bytes, { digest }, contextOf(operation));
  return manifestContent(bytes, manifestType(context, operation, bytes, contentType), digest);
}

function assertManifestLike(
  context: RepositoryContext,
  operation: Operation,
  contentType: string | undefined,
): void {
  if (contentType !== undefined && !/^(?:application\/|text\/plain)/i.test(contentType.trim())) {
    throw context.endpoint.malformed(operation, `sent ${contentType.slice(0, 100)}, which no manifest is`);
  }
}

function manifestType(
  context: RepositoryContext,
  operation: Operation,
  bytes: Uint8Array,
  contentType: string | undefined,
): string {
  try {
    return mediaTypeOf(bytes, contentType);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw context.endpoint.malformed(operation, 'sent something that is not a manifest', error);
  }
}

/** See `Repository.pushManifest`. */
export async function pushManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  content: ManifestContent,
  { signal }: CallOptions = {},
): Promise<PushedManifest> {
  const { bytes, digest } = content;
  assertTagOrDigest(tagOrDigest);
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new InvalidInputError(
      'E_MANIFEST',
      `The manifest is ${bytes.byteLength} bytes long, registries take at most ${MAX_MANIFEST_BYTES}.`,
    );
  }
  verifyBytes(
    bytes,
    { digest: isDigest(tagOrDigest) ? tagOrDigest : digest },
    { operation: 'push manifest' },
  );
  return await retryUntilIntact(context, signal, (retries) =>
    pushOnce(context, tagOrDigest, content, { signal, retries }),
  );
}

async function pushOnce(
  context: RepositoryContext,
  tagOrDigest: string,
  { bytes, mediaType, digest }: ManifestContent,
  { signal, retries }: AttemptOptions,
): Promise<PushedManifest> {
  const operation = operationOn(context, 'push manifest', tagOrDigest);
  const response = await context.endpoint
    .request({
      operation,
      method: 'PUT',
      url: pathOf(context, `manifests/${tagOrDigest}`),
      scopes: [scopeFor(context, 'push')],
      headers: { 'content-type': mediaType },
      body: bytes,
      expect: [200, 201],
      retries,
      signal,
    })
    .catch(misread(operation, digest));
  await response.body.discard();
  const stored = announcedDigest(context, operation, response);
  if (stored !== undefined) assertSame(operation, digestOf(bytes, algorithmOf(stored)), stored);
  // The registry has to check what is pushed by digest. What a tag names now, it has not said.
  else if (!isDigest(tagOrDigest)) await assertTagged(context, tagOrDigest, digest, { operation, signal });
  const subject = response.header('oci-subject');
  return { subject: subject !== undefined && isDigest(subject) ? subject : undefined };
}

/** For a registry that does not say what it stored: some write a manifest anew in their own way. */
async function assertTagged(
  context: RepositoryContext,
  tag: string,
  digest: Digest,
  { operation, signal }: { readonly operation: Operation; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const tagged = await resolveManifest(context, tag, { signal });
  if (tagged) assertSame(operation, digest, tagged.digest);
}

/** Bytes that do not have their digest at the registry were damaged on the way, or changed by it. */
function misread(operation: Operation, digest: Digest): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof RegistryError && error.registryCodes.includes('DIGEST_INVALID'))) throw error;
    throw new IntegrityError(
      'E_DIGEST_MISMATCH',
      `${couldNot(operation)}: the registry says that what arrived is not ${digest}. Nothing was tagged.`,
      { ...contextOf(operation), cause: error },
    );
  };
}

/** See `Repository.deleteManifest`. */
export async function deleteManifest(
  context: RepositoryContext,
  tagOrDigest: string,
  options: CallOptions = {},
): Promise<void> {
  assertTagOrDigest(tagOrDigest);
  const operation = operationOn(context, 'delete manifest', tagOrDigest);
  await deleteAt(context, pathOf(context, `manifests/${tagOrDigest}`), operation, options);
}

/** `Docker-Content-Digest`, which a registry may leave out but not garble. */
function announcedDigest(
  context: RepositoryContext,
  operation: Operation,
  response: HttpResponse,
): Digest | undefined {
  const header = response.header('docker-content-digest');
  if (header === undefined || isDigest(header)) return header;
  throw context.endpoint.malformed(operation, 'announced a digest that is none');
}

function assertSame(operation: Operation, expected: Digest, actual: Digest): void {
  if (expected === actual) return;
  throw new IntegrityError(
    'E_DIGEST_MISMATCH',
    `${couldNot(operation)}: the registry has ${actual} where ${expected} was expected. Check what it holds before using it.`,
    contextOf(operation),
  );
}
