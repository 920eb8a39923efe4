/**
 * The least an import can cost: ranges of a blob by Azure's SDK alone, side by side, nothing checked. Each is thrown away, or
 * sent to a registry as a blob of its own. `node plain-download.ts BLOB-URL OFFSET:SIZE:DIGEST… [http://HOST/v2/REPOSITORY]`
 */
import { BlobClient } from '@azure/storage-blob';
import { RANGES_AT_ONCE } from './plain-sizes.ts';

const [blobUrl = '', ...places] = process.argv.slice(2);
const repository = places.at(-1)?.startsWith('http:') ? places.pop() : undefined;
const blob = new BlobClient(blobUrl);

async function takeRanges(): Promise<void> {
  for (let place = places.shift(); place; place = places.shift()) {
    const [, offset, size, digest = ''] = /^(\d+):(\d+):(.+)$/.exec(place) ?? [];
    const { readableStreamBody } = await blob.download(Number(offset), Number(size));
    const bytes = bytesOf(readableStreamBody ?? [], Number(size));
    if (repository !== undefined) await upload(bytes, digest, repository);
    else for await (const _ of bytes);
  }
}

async function* bytesOf(
  chunks: AsyncIterable<Uint8Array | string> | Iterable<never>,
  size: number,
): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') throw new TypeError('The SDK gave text in place of bytes.');
    left -= chunk.byteLength;
    yield chunk;
  }
  if (left !== 0) throw new Error(`${size - left} of ${size} bytes were received.`);
}

async function upload(body: AsyncIterable<Uint8Array>, digest: string, url: string): Promise<void> {
  const begun = await fetch(`${url}/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location') ?? '', begun.url);
  place.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  const sent = await fetch(place, { method: 'PUT', headers, body, duplex: 'half' });
  if (sent.status !== 201) throw new Error(`The registry answered ${sent.status}.`);
}

await Promise.all(Array.from({ length: RANGES_AT_ONCE }, takeRanges));
