import type { Digest } from '../../content/index.ts';
import { limitedBody } from '../body.ts';
import { type ByteRange, parseChunkRange } from '../byte-range.ts';
import { type Call, mayPull } from '../call.ts';
import { DistributionError } from '../errors.ts';
import type { EndpointResponse } from '../message.ts';
import type { PushStorage, UploadStorage } from '../ports.ts';
import { checkDigest, checkRepository } from '../router.ts';

/** The largest layer that Azure Container Registry stores. */
const MAX_BLOB_BYTES = 200 * 1024 ** 3;

/** Distribution-spec, "Pushing blobs": starts an upload, takes a whole blob at once, or mounts one. */
export async function startUpload(call: Call, push: PushStorage, name: string): Promise<EndpointResponse> {
  const mount = call.query.get('mount');
  const from = call.query.get('from');
  if (mount !== null && from !== null) {
    const digest = checkDigest(mount);
    const source = checkRepository(from, call.reservedNames);
    // A source that the client may not read is answered like one that lacks the blob.
    if (mayPull(call, source) && (await push.mountBlob(name, digest, source, call))) {
      return created(name, digest);
    }
  }
  const digest = call.query.get('digest');
  if (digest !== null) return uploadAtOnce(call, push.uploads, name, checkDigest(digest));
  const id = await push.uploads.start(name, call);
  return progress(202, name, id, 0);
}

export async function continueUpload(
  call: Call,
  uploads: UploadStorage,
  name: string,
  id: string,
): Promise<EndpointResponse> {
  return progress(202, name, id, await append(call, uploads, name, id));
}

export async function readUploadProgress(
  call: Call,
  uploads: UploadStorage,
  name: string,
  id: string,
): Promise<EndpointResponse> {
  return progress(204, name, id, (await uploads.size(name, id, call)) ?? unknownUpload());
}

/** Takes the rest of the bytes, if any are left, and ends the upload. */
export async function finishUpload(
  call: Call,
  uploads: UploadStorage,
  name: string,
  id: string,
): Promise<EndpointResponse> {
  const digest = checkDigest(call.query.get('digest') ?? '');
  await append(call, uploads, name, id);
  return finish(call, uploads, name, id, digest);
}

export async function cancelUpload(
  call: Call,
  uploads: UploadStorage,
  name: string,
  id: string,
): Promise<EndpointResponse> {
  return (await uploads.cancel(name, id, call)) ? { status: 204 } : unknownUpload();
}

async function uploadAtOnce(
  call: Call,
  uploads: UploadStorage,
  name: string,
  digest: Digest,
): Promise<EndpointResponse> {
  const id = await uploads.start(name, call);
  try {
    await append(call, uploads, name, id);
  } catch (error) {
    // The client was not told this upload's id, so it cannot continue it. The client may be gone already.
    await uploads.cancel(name, id, { signal: new AbortController().signal });
    throw error;
  }
  return finish(call, uploads, name, id, digest);
}

/** Resolves to the size of the upload after the request's body was added. */
async function append(call: Call, uploads: UploadStorage, name: string, id: string): Promise<number> {
  const range = chunkRangeOf(call);
  const length = range && range.end - range.start + 1;
  const chunks = limitedBody(call.body, {
    maxBytes: length ?? MAX_BLOB_BYTES,
    tooLarge: length === undefined ? tooLarge : () => wrongLength(call),
    signal: call.signal,
  });
  const result = (await uploads.append(name, id, chunks, range?.start, call)) ?? unknownUpload();
  if (result.kind === 'wrong-offset') {
    throw new DistributionError('BLOB_UPLOAD_INVALID', `The upload continues at byte ${result.size}.`, {
      status: 416,
      headers: progressHeaders(name, id, result.size),
    });
  }
  if (range && result.size !== range.end + 1) throw wrongLength(call);
  if (result.size <= MAX_BLOB_BYTES) return result.size;
  await uploads.cancel(name, id, call);
  throw tooLarge();
}

/** @throws DistributionError `BLOB_UPLOAD_INVALID`, `SIZE_INVALID` */
function chunkRangeOf(call: Call): ByteRange | undefined {
  const header = call.headers['content-range'];
  if (header === undefined) return undefined;
  const range = parseChunkRange(header);
  if (!range) {
    const message = `"${header.slice(0, 80)}" is not a Content-Range like 0-1023.`;
    throw new DistributionError('BLOB_UPLOAD_INVALID', message);
  }
  const length = call.headers['content-length'];
  if (length !== undefined && Number(length) !== range.end - range.start + 1) throw wrongLength(call);
  return range;
}

async function finish(
  call: Call,
  uploads: UploadStorage,
  name: string,
  id: string,
  digest: Digest,
): Promise<EndpointResponse> {
  const result = (await uploads.finish(name, id, digest, call)) ?? unknownUpload();
  if (result === 'stored') return created(name, digest);
  throw new DistributionError('DIGEST_INVALID', `The uploaded bytes do not have the digest ${digest}.`, {
    detail: { digest },
  });
}

function created(name: string, digest: Digest): EndpointResponse {
  return {
    status: 201,
    headers: { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest },
  };
}

function progress(status: 202 | 204, name: string, id: string, size: number): EndpointResponse {
  return { status, headers: progressHeaders(name, id, size) };
}

/** `Range` of an upload without bytes is `0-0`, as the distribution project has it. */
function progressHeaders(name: string, id: string, size: number): Readonly<Record<string, string>> {
  return {
    Location: `/v2/${name}/blobs/uploads/${id}`,
    'Docker-Upload-UUID': id,
    Range: `0-${Math.max(0, size - 1)}`,
  };
}

function wrongLength({ headers }: Call): DistributionError {
  const range = headers['content-range']?.slice(0, 80);
  return new DistributionError(
    'SIZE_INVALID',
    `The body does not have the length of Content-Range ${range}.`,
  );
}

function tooLarge(): DistributionError {
  return new DistributionError('SIZE_INVALID', `A blob may have at most ${MAX_BLOB_BYTES} bytes.`, {
    status: 413,
  });
}

function unknownUpload(): never {
  throw new DistributionError('BLOB_UPLOAD_UNKNOWN', 'There is no such upload.');
}
