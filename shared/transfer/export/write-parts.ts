import { Digester } from '../../content/index.ts';
import { paddingBytes, TRAILER_BYTES, tarHeader } from '../archive/index.ts';
import type { ArchiveFacts, ArchiveSink, OpenSink } from './archive-sink.ts';
import { BlobPrefetcher, type OpenBlob } from './blob-prefetcher.ts';
import type { PartPlan } from './plan-archive.ts';

export interface WriteOptions {
  readonly onBytes: (count: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface WrittenPart extends ArchiveFacts {
  readonly name: string;
}

interface OpenPart {
  readonly name: string;
  readonly sink: ArchiveSink;
  readonly facts: ArchiveFacts;
}

/** Small pieces, such as headers, are joined up to this, so that a file system or a hash is not asked for each. */
const MIN_WRITE_BYTES = 64 * 1024;

/**
 * Writes the parts, one after the other, and commits all of them at the end: what failed half way leaves nothing.
 * @throws BlobReadError when a source fails, and whatever a sink throws
 */
export async function writeParts(
  parts: readonly PartPlan[],
  open: OpenSink,
  openBlob: OpenBlob,
  { onBytes, signal }: WriteOptions,
): Promise<readonly WrittenPart[]> {
  const sinks: ArchiveSink[] = [];
  const written: OpenPart[] = [];
  try {
    for (const part of parts) {
      const sink = await open(part.name, part.size);
      sinks.push(sink);
      written.push({
        name: part.name,
        sink,
        facts: await writePart(part, sink, openBlob, { onBytes, signal }),
      });
    }
    for (const { sink, facts } of written) {
      signal?.throwIfAborted();
      await sink.commit(facts);
      sinks.shift();
    }
  } catch (error) {
    await Promise.all(sinks.map((sink) => sink.abort()));
    throw error;
  }
  return written.map(({ name, facts }) => ({ name, ...facts }));
}

async function writePart(
  part: PartPlan,
  sink: ArchiveSink,
  openBlob: OpenBlob,
  { onBytes, signal }: WriteOptions,
): Promise<ArchiveFacts> {
  const blobs = part.members.flatMap((member) => ('digest' in member ? [member] : []));
  const feed = new BlobPrefetcher(blobs, openBlob, signal);
  const sha256 = new Digester();
  let size = 0;
  try {
    for await (const chunk of joined(archiveBytes(part, feed))) {
      signal?.throwIfAborted();
      sha256.update(chunk);
      await sink.write(chunk);
      size += chunk.byteLength;
      onBytes(chunk.byteLength);
    }
  } finally {
    await feed.close();
  }
  return { size, sha256: sha256.finish() };
}

async function* archiveBytes({ members }: PartPlan, feed: BlobPrefetcher): AsyncGenerator<Uint8Array> {
  for (const member of members) {
    yield tarHeader(member.path, member.size);
    if ('bytes' in member) yield member.bytes;
    else yield* feed.read(member);
    yield new Uint8Array(paddingBytes(member.size));
  }
  yield new Uint8Array(TRAILER_BYTES);
}

async function* joined(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    pieces.push(chunk);
    bytes += chunk.byteLength;
    if (bytes < MIN_WRITE_BYTES) continue;
    yield inOne(pieces, bytes);
    pieces = [];
    bytes = 0;
  }
  if (bytes > 0) yield inOne(pieces, bytes);
}

function inOne(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = pieces;
  return only && pieces.length === 1 ? only : Buffer.concat(pieces, bytes);
}
