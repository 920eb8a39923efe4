/**
 * The least an export can cost: bytes into a block blob by Azure's SDK alone, blocks side by side, nothing checked. They
 * come out of a file, or out of the blobs of a registry, one after the other.
 * `node plain-upload.ts BLOB-URL FILE | node plain-upload.ts BLOB-URL http://…`
 */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { BlockBlobClient } from '@azure/storage-blob';
import { BLOCK_BYTES, BLOCKS_AT_ONCE } from './plain-sizes.ts';

async function* bytesAt(places: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const place of places) {
    if (!place.startsWith('http:')) {
      yield* createReadStream(place, { highWaterMark: 1024 * 1024 });
      continue;
    }
    const { ok, body } = await fetch(place);
    if (!ok || !body) throw new Error(`${place} could not be read.`);
    yield* body;
  }
}

const [blobUrl = '', ...places] = process.argv.slice(2);
const bytes = Readable.from(bytesAt(places), { objectMode: false, highWaterMark: BLOCK_BYTES });
await new BlockBlobClient(blobUrl).uploadStream(bytes, BLOCK_BYTES, BLOCKS_AT_ONCE);
