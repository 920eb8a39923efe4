import type { Digest } from '../../content/index.ts';
import { parseByteRange } from '../byte-range.ts';
import { type Call, knownRepository } from '../call.ts';
import { DistributionError } from '../errors.ts';
import type { EndpointResponse } from '../message.ts';
import type { DeletionStorage, PullStorage } from '../ports.ts';

/** Distribution-spec, "Pulling blobs". */
export async function readBlob(
  call: Call,
  pull: PullStorage,
  name: string,
  digest: Digest,
): Promise<EndpointResponse> {
  const repository = await knownRepository(call, pull, name);
  const blob = await repository.findBlob(digest, call);
  if (!blob) throw unknownBlob(digest);
  const { size } = blob;
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
  };
  const whole = { ...headers, 'Content-Length': String(size) };
  if (call.method === 'HEAD') return { status: 200, headers: whole };

  const range = parseByteRange(call.headers.range, size);
  if (range === 'unsatisfiable') {
    throw new DistributionError('SIZE_INVALID', `The blob has only ${size} bytes.`, {
      status: 416,
      headers: { 'Content-Range': `bytes */${size}` },
    });
  }
  const body = await blob.read(range, call);
  if (!body) throw unknownBlob(digest);
  if (!range) return { status: 200, headers: whole, body };
  const { start, end } = range;
  const part = {
    'Content-Length': String(end - start + 1),
    'Content-Range': `bytes ${start}-${end}/${size}`,
  };
  return { status: 206, headers: { ...headers, ...part }, body };
}

/** Distribution-spec, "Deleting Blobs". */
export async function deleteBlob(
  call: Call,
  pull: PullStorage,
  deletion: DeletionStorage,
  name: string,
  digest: Digest,
): Promise<EndpointResponse> {
  const repository = await knownRepository(call, pull, name);
  if (await repository.findManifest(digest, call)) {
    throw new DistributionError('UNSUPPORTED', `${digest} is a manifest: delete it under /manifests/.`);
  }
  if (!(await deletion.deleteBlob(name, digest, call))) throw unknownBlob(digest);
  return { status: 202 };
}

function unknownBlob(digest: Digest): DistributionError {
  return new DistributionError('BLOB_UNKNOWN', `The repository has no blob ${digest}.`, {
    detail: { digest },
  });
}
