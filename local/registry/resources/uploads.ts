import type { Digest } from '../../../shared/content/index.ts';
import type { Answer } from '../answer.ts';
import { repositoryAccess } from '../auth/access.ts';
import { parseChunkRange } from '../byte-range.ts';
import { type Call, refuseMethod } from '../call.ts';
import { Refusal } from '../errors.ts';
import { checkDigest, checkRepository } from '../router.ts';

/** Distribution-spec, "Pushing blobs": starts an upload, takes a whole blob at once, or mounts one. */
export async function answerUploads(call: Call, name: string): Promise<Answer> {
  if (call.method !== 'POST') refuseMethod(call, 'POST');
  const mount = call.query.get('mount');
  const from = call.query.get('from');
  if (mount !== null && from !== null) {
    const digest = checkDigest(mount);
    if (await mountBlob(call, name, digest, checkRepository(from))) return created(name, digest);
  }
  const digest = call.query.get('digest');
  if (digest !== null) return uploadAtOnce(call, name, checkDigest(digest));
  const id = await call.storage.uploads.create(name);
  return accepted(name, id, 0, 202);
}

/** One upload: goes on (`PATCH`), tells where it is (`GET`), ends (`PUT`) or is given up (`DELETE`). */
export async function answerUpload(call: Call, name: string, id: string): Promise<Answer> {
  switch (call.method) {
    case 'PATCH':
      return accepted(name, id, await append(call, name, id), 202);
    case 'GET':
      return accepted(name, id, (await call.storage.uploads.size(name, id)) ?? unknownUpload(), 204);
    case 'PUT': {
      const digest = checkDigest(call.query.get('digest') ?? '');
      await append(call, name, id);
      return finish(call, name, id, digest);
    }
    case 'DELETE':
      return (await call.storage.uploads.cancel(name, id)) ? { status: 204 } : unknownUpload();
    default:
      return refuseMethod(call, 'PATCH', 'GET', 'PUT', 'DELETE');
  }
}

async function mountBlob(call: Call, name: string, digest: Digest, from: string): Promise<boolean> {
  if (!call.permits(repositoryAccess(from, 'pull'))) return false;
  const source = await call.storage.repository(from);
  if (!source || (await source.blobSize(digest)) === undefined) return false;
  const repository = await call.storage.createRepository(name);
  return repository.mountBlob(digest, source);
}

async function uploadAtOnce(call: Call, name: string, digest: Digest): Promise<Answer> {
  const { uploads } = call.storage;
  const id = await uploads.create(name);
  try {
    await uploads.append(name, id, call.body);
  } catch (error) {
    // Nobody was told this upload's id, so nobody could go on with it.
    await uploads.cancel(name, id);
    throw error;
  }
  return finish(call, name, id, digest);
}

/** Resolves to the size of the upload after the request's body was added. */
async function append(call: Call, name: string, id: string): Promise<number> {
  const header = call.headers['content-range'];
  const range = header === undefined ? undefined : parseChunkRange(header);
  if (header !== undefined && !range) {
    throw new Refusal('BLOB_UPLOAD_INVALID', `"${header.slice(0, 80)}" is not a Content-Range like 0-1023.`);
  }
  const length = call.headers['content-length'];
  if (range && length !== undefined && Number(length) !== range.end - range.start + 1) {
    throw new Refusal('SIZE_INVALID', `Content-Range ${header} does not have Content-Length ${length}.`);
  }
  const outcome = (await call.storage.uploads.append(name, id, call.body, range?.start)) ?? unknownUpload();
  if (outcome.kind === 'appended') return outcome.size;
  throw new Refusal('BLOB_UPLOAD_INVALID', `The upload goes on at byte ${outcome.size}.`, {
    status: 416,
    headers: progress(name, id, outcome.size),
  });
}

async function finish(call: Call, name: string, id: string, digest: Digest): Promise<Answer> {
  const outcome = (await call.storage.finishUpload(name, id, digest)) ?? unknownUpload();
  if (outcome === 'kept') return created(name, digest);
  throw new Refusal('DIGEST_INVALID', `The bytes that arrived do not have the digest ${digest}.`, {
    detail: { digest },
  });
}

function created(name: string, digest: Digest): Answer {
  return {
    status: 201,
    headers: { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest },
  };
}

function accepted(name: string, id: string, size: number, status: 202 | 204): Answer {
  return { status, headers: progress(name, id, size) };
}

/** `Range` of an upload without bytes is `0-0`, as the distribution project has it. */
function progress(name: string, id: string, size: number): Readonly<Record<string, string>> {
  return {
    Location: `/v2/${name}/blobs/uploads/${id}`,
    'Docker-Upload-UUID': id,
    Range: `0-${Math.max(0, size - 1)}`,
  };
}

function unknownUpload(): never {
  throw new Refusal('BLOB_UPLOAD_UNKNOWN', 'There is no such upload.');
}
