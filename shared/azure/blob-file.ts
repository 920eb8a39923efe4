import { addAbortSignal, Readable } from 'node:stream';
import type { BlobClient } from '@azure/storage-blob';
import { createBufferReclaim } from '../buffer-reclaim.ts';
import { withDeadline } from '../deadline.ts';
import { ArchiveError, LongshoreError, TransportError } from '../errors.ts';
import type { RandomAccessFile, StoredBlob } from '../transfer/index.ts';
import { type FetchRange, isLong, rangesAhead } from './ranges-ahead.ts';
import { storedBlob } from './stored-blob.ts';

export interface BlobFileOptions {
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for an answer, and for each next piece of a body, in milliseconds. Default 60 000. */
  readonly timeoutMs?: number | undefined;
  /** What is thrown in place of the SDK's errors. Default: those. */
  readonly failure?: ((error: unknown) => unknown) | undefined;
}

/** How often one read goes on after its connection broke. */
const MAX_RESUMES = 4;

/** After each of these it is seen anew how a long read goes on. */
const STRETCH_BYTES = 64 * 1024 * 1024;

/** What errors carry. */
const READ = { operation: 'read blob', side: 'storage' } as const;

export interface BlobFile extends StoredBlob, RandomAccessFile {}

/**
 * Opens a blob for reading by ranges. All reads are of the blob as it is now: its ETag is asked for with each, so a
 * blob replaced meanwhile is an error and never a mix. Reads go on where a broken connection left off; they throw
 * `ArchiveError` `E_ARCHIVE_INCOMPLETE` when the blob was replaced or removed, `TransportError` when storage falls
 * silent or the connection keeps breaking, and `RangeError` for a part outside of the blob.
 */
export async function openBlobFile(
  blob: BlobClient,
  { signal: openSignal, timeoutMs = 60_000, failure = (error) => error }: BlobFileOptions = {},
): Promise<BlobFile> {
  const what = `Blob ${blob.containerName}/${blob.name}`;
  const properties = await withDeadline(
    timeoutMs,
    `${what} did not answer`,
    (abortSignal) => blob.getProperties({ abortSignal }),
    openSignal,
    READ,
  ).catch((error: unknown) => {
    throw failure(error);
  });
  const stored = storedBlob(blob.name, properties);
  if (!stored)
    throw new TransportError('E_NETWORK', `${what} was described without its size, ETag or time.`, READ);
  const { size, etag } = stored;
  const conditions = { ifMatch: etag };
  const reclaim = createBufferReclaim();

  async function receive(offset: number, length: number, signal: AbortSignal | undefined) {
    try {
      const { readableStreamBody } = await withDeadline(
        timeoutMs,
        `${what} did not answer`,
        // The SDK's own resuming is off: it takes a broken connection for an abort by the caller.
        (abortSignal) => blob.download(offset, length, { abortSignal, conditions, maxRetryRequests: 0 }),
        signal,
        READ,
      );
      return withSilenceLimit(readableStreamBody, what, timeoutMs, signal);
    } catch (error) {
      throw wasReplaced(error) ? replaced(what) : failure(error);
    }
  }

  async function* resuming(
    first: AsyncIterable<Uint8Array>,
    offset: number,
    length: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    let done = 0;
    let body = first;
    for (let resumes = 0; ; resumes += 1) {
      try {
        for await (const piece of body) {
          done += piece.byteLength;
          yield piece;
          reclaim(piece.byteLength);
        }
        return;
      } catch (cause) {
        signal?.throwIfAborted();
        if (cause instanceof LongshoreError) throw cause;
        if (done === length) return;
        if (resumes === MAX_RESUMES || done > length)
          throw new TransportError(
            'E_NETWORK',
            `${what} could not be read: the connection broke ${resumes + 1} times.`,
            { ...READ, cause },
          );
      }
      body = await receive(offset + done, length - done, signal);
    }
  }

  let longReads = 0;

  /** One that is alone needs several connections to fill the line; several reads fill it with one each. */
  async function* readLong(
    offset: number,
    length: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    const readRange: FetchRange = async (from, bytes, rangeSignal) =>
      resuming(await receive(from, bytes, rangeSignal), from, bytes, rangeSignal);
    longReads += 1;
    try {
      for (let at = offset; at < offset + length; at += STRETCH_BYTES) {
        const bytes = Math.min(STRETCH_BYTES, offset + length - at);
        if (longReads === 1) yield* rangesAhead(at, bytes, readRange, signal);
        else yield* resuming(await receive(at, bytes, signal), at, bytes, signal);
      }
    } finally {
      longReads -= 1;
    }
  }

  return {
    ...stored,
    async read(offset, length, { signal } = {}) {
      if (!(offset >= 0 && length >= 0 && offset + length <= size))
        throw new RangeError(`${what} has ${size} bytes, not ${length} from byte ${offset} on.`);
      // The SDK takes a length of 0 for "to the end".
      if (length === 0) return Readable.from([]);
      if (isLong(length)) return readLong(offset, length, signal);
      return resuming(await receive(offset, length, signal), offset, length, signal);
    },
  };
}

function wasReplaced(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && [404, 412].includes(Number(error.statusCode));
}

function replaced(what: string): ArchiveError {
  return new ArchiveError('E_ARCHIVE_INCOMPLETE', `${what} was replaced or removed while it was read.`, READ);
}

/**
 * Passes on the pieces of a body that is being received, each of which must arrive within `timeoutMs`. Only the wait
 * for the sender is timed, not the reader's own work between two pieces. Leaving early ends the connection.
 * @throws TransportError `E_TIMEOUT` when the sender falls silent.
 */
async function* withSilenceLimit(
  body: NodeJS.ReadableStream | undefined,
  what: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (!(body instanceof Readable))
    throw new TransportError('E_NETWORK', `${what} was sent without a body.`, READ);
  if (signal) addAbortSignal(signal, body);
  const startWaiting = () =>
    setTimeout(() => {
      const message = `${what} sent nothing for ${timeoutMs / 1000} s.`;
      body.destroy(new TransportError('E_TIMEOUT', message, READ));
    }, timeoutMs);
  let wait = startWaiting();
  try {
    for await (const piece of body) {
      clearTimeout(wait);
      yield piece;
      wait = startWaiting();
    }
  } finally {
    clearTimeout(wait);
  }
}
