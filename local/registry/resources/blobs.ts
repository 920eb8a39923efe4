import type { Digest } from '../../../shared/content/index.ts';
import type { Answer } from '../answer.ts';
import { parseByteRange } from '../byte-range.ts';
import { type Call, knownRepository, refuseMethod } from '../call.ts';
import { Refusal } from '../errors.ts';
import type { RepositoryLayout } from '../storage/repository-layout.ts';

/** Distribution-spec, "Pulling blobs" and "Deleting Blobs". */
export async function answerBlob(call: Call, name: string, digest: Digest): Promise<Answer> {
  const repository = await knownRepository(call, name);
  switch (call.method) {
    case 'GET':
    case 'HEAD':
      return readBlob(call, repository, digest);
    case 'DELETE':
      return deleteBlob(repository, digest);
    default:
      return refuseMethod(call, 'GET', 'HEAD', 'DELETE');
  }
}

async function readBlob(call: Call, repository: RepositoryLayout, digest: Digest): Promise<Answer> {
  const size = await repository.blobSize(digest);
  if (size === undefined) throw unknownBlob(digest);
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
  };
  if (call.method === 'HEAD') return { status: 200, headers: { ...headers, 'Content-Length': String(size) } };

  const range = parseByteRange(call.headers.range, size);
  if (range === 'unsatisfiable') {
    throw new Refusal('SIZE_INVALID', `The blob has only ${size} bytes.`, {
      status: 416,
      headers: { 'Content-Range': `bytes */${size}` },
    });
  }
  const body = await repository.openBlob(digest, range);
  if (!body) throw unknownBlob(digest);
  if (!range) return { status: 200, headers: { ...headers, 'Content-Length': String(size) }, body };
  const { start, end } = range;
  const part = {
    'Content-Length': String(end - start + 1),
    'Content-Range': `bytes ${start}-${end}/${size}`,
  };
  return { status: 206, headers: { ...headers, ...part }, body };
}

async function deleteBlob(repository: RepositoryLayout, digest: Digest): Promise<Answer> {
  if (repository.findManifest(digest)) {
    throw new Refusal('UNSUPPORTED', `${digest} is a manifest: delete it under /manifests/.`);
  }
  if (!(await repository.deleteBlob(digest))) throw unknownBlob(digest);
  return { status: 202 };
}

function unknownBlob(digest: Digest): Refusal {
  return new Refusal('BLOB_UNKNOWN', `The repository has no blob ${digest}.`, { detail: { digest } });
}
