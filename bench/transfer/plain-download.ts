/**
 * The least an import can cost: a blob by Azure's SDK alone, ranges side by side, nothing checked. What arrives is thrown
 * away, or sent to a registry as uploads that are begun and never ended.
 * `node plain-download.ts BLOB-URL [http://HOST/v2/REPOSITORY]`
 */
import { BlobClient } from '@azure/storage-blob';
import { RANGE_BYTES, RANGES_AT_ONCE } from './plain-sizes.ts';

const [blobUrl = '', repository] = process.argv.slice(2);
const blob = new BlobClient(blobUrl);
const { contentLength: size = 0 } = await blob.getProperties();
let next = 0;
let taken = 0;

async function takeRanges(): Promise<void> {
  while (next < size) {
    const offset = next;
    next += RANGE_BYTES;
    const { readableStreamBody = [] } = await blob.download(offset, Math.min(RANGE_BYTES, size - offset));
    const bytes = counted(readableStreamBody);
    if (repository !== undefined) await upload(bytes, repository);
    else for await (const _ of bytes);
  }
}

async function* counted(
  chunks: AsyncIterable<Uint8Array | string> | Iterable<never>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') throw new TypeError('The SDK gave text in place of bytes.');
    taken += chunk.byteLength;
    yield chunk;
  }
}

async function upload(body: AsyncIterable<Uint8Array>, url: string): Promise<void> {
  const begun = await fetch(`${url}/blobs/uploads/`, { method: 'POST' });
  const sent = await fetch(new URL(begun.headers.get('location') ?? '', begun.url), {
    method: 'PATCH',
    headers: { 'content-type': 'application/octet-stream' },
    body,
    duplex: 'half',
  });
  if (!sent.ok) throw new Error(`The registry answered ${sent.status}.`);
}

await Promise.all(Array.from({ length: RANGES_AT_ONCE }, takeRanges));
if (taken !== size) throw new Error(`${taken} of ${size} bytes were received.`);
