import { createHash, randomUUID } from 'node:crypto';
import type { BlockBlobClient } from '@azure/storage-blob';
import { withDeadline } from '../deadline.ts';
import { StorageError, TransportError } from '../errors.ts';
import type { ArchiveSink, CreateBlobOptions } from '../transfer/index.ts';
import { statusOf } from './entra-tokens.ts';

/** With the block that is being filled this bounds the memory: 40 MiB. */
const BLOCKS_AT_ONCE = 4;
const BLOCK_BYTES = 8 * 1024 * 1024;
/** Storage takes no more for one blob: beyond 390 GiB blocks become larger. */
const MAX_BLOCKS = 50_000;
/** For one block with its repeats, also on a slow line. */
const BLOCK_TIMEOUT_MS = 10 * 60_000;

/** What errors carry. */
const WRITE = { operation: 'write blob', side: 'storage' } as const;

export interface BlobSinkOptions extends CreateBlobOptions {
  /** What is thrown for a failure of the SDK. */
  readonly failure: (error: unknown) => Error;
}

/**
 * Writes a block blob: blocks are sent side by side, and the list of blocks last, with the MD5 of the whole, which others
 * ask for. Blocks have none of their own: TLS guards them on their way, and an import checks every byte. Before that the blob is as it was, also after a crash. Block names are this writer's own, so that two writers
 * of one blob never mix: what waits of the one is void once the other has committed.
 */
export function createBlobSink(
  blob: BlockBlobClient,
  size: number,
  { replaces, metadata = {}, signal, failure }: BlobSinkOptions,
): ArchiveSink {
  const what = `Blob ${blob.containerName}/${blob.name}`;
  const blockBytes = Math.min(size, Math.max(BLOCK_BYTES, Math.ceil(size / MAX_BLOCKS)));
  const writer = randomUUID().slice(0, 8);
  const blocks: string[] = [];
  const md5 = createHash('md5');
  const underWay = new Set<Promise<void>>();
  const stop = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  let failed: { readonly error: unknown } | undefined;
  /** Reused: a new buffer for each block would keep the garbage collector busy. */
  let idle: Buffer[] = [];
  let filling: Buffer | undefined;
  let filled = 0;
  let written = 0;

  const call = <T>(run: (abortSignal: AbortSignal) => Promise<T>): Promise<T> =>
    withDeadline(BLOCK_TIMEOUT_MS, `${what} did not answer`, run, stopped, WRITE);

  async function stage(id: string, block: Buffer): Promise<void> {
    try {
      await call((abortSignal) => blob.stageBlock(id, block, block.byteLength, { abortSignal }));
    } catch (error) {
      failed ??= { error };
    }
  }

  async function sendBlock(buffer: Buffer): Promise<void> {
    const block = buffer.subarray(0, filled);
    filling = undefined;
    filled = 0;
    // All ids of a blob must be of one length.
    const id = Buffer.from(`${writer}-${String(blocks.length).padStart(6, '0')}`).toString('base64');
    blocks.push(id);
    while (underWay.size >= BLOCKS_AT_ONCE) await Promise.race(underWay);
    throwIfFailed();
    const sent: Promise<void> = stage(id, block).finally(() => {
      underWay.delete(sent);
      idle.push(buffer);
      if (written >= size) idle = [];
    });
    underWay.add(sent);
  }

  function throwIfFailed(): void {
    signal?.throwIfAborted();
    if (failed) throw failure(failed.error);
  }

  return {
    async write(bytes) {
      throwIfFailed();
      md5.update(bytes);
      for (let rest = bytes; rest.byteLength > 0; ) {
        filling ??= idle.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
        const piece = rest.subarray(0, blockBytes - filled);
        filling.set(piece, filled);
        filled += piece.byteLength;
        written += piece.byteLength;
        rest = rest.subarray(piece.byteLength);
        // The last block does not wait for the commit: there may be many parts that do.
        if (filled === blockBytes || written === size) await sendBlock(filling);
      }
    },

    async commit({ sha256 }) {
      if (filling) await sendBlock(filling);
      await Promise.all(underWay);
      throwIfFailed();
      try {
        await call((abortSignal) =>
          blob.commitBlockList(blocks, {
            abortSignal,
            conditions: conditionsFor(replaces),
            metadata: { ...metadata, longshore_sha256: sha256.replace(/^sha256:/, '') },
            blobHTTPHeaders: {
              blobContentType: 'application/x-tar',
              blobContentMD5: md5.digest(),
            },
          }),
        );
      } catch (error) {
        signal?.throwIfAborted();
        if ([409, 412].includes(statusOf(error) ?? 0)) throw exists(what, replaces);
        if (statusOf(error) === 400) throw lostBlocks(what);
        throw failure(error);
      }
    },

    async abort() {
      stop.abort();
      await Promise.all(underWay);
    },
  };
}

function conditionsFor(replaces: CreateBlobOptions['replaces']) {
  if (replaces === undefined) return { ifNoneMatch: '*' };
  return replaces === 'anything' ? {} : { ifMatch: replaces.etag };
}

function exists(what: string, replaces: CreateBlobOptions['replaces']): StorageError {
  const message =
    replaces === undefined
      ? `${what} exists already and was left as it is. Choose another name, or give the pipeline the option OverwriteBlobs (--overwrite).`
      : `${what} was changed by another while it was written, and was left as that made it.`;
  return new StorageError('E_BLOB_EXISTS', message, WRITE);
}

/** Another writer of the same blob committed first, which makes storage forget all blocks that wait. */
function lostBlocks(what: string): TransportError {
  return new TransportError(
    'E_NETWORK',
    `${what} could not be put together: another wrote it meanwhile.`,
    WRITE,
  );
}
