import { Readable } from 'node:stream';
import type { Digest } from '../../content/index.ts';
import type { CatalogBlob } from '../archive/index.ts';

/** Held in memory before their turn: as many blobs as fit wholly, in bytes and in number. */
const AHEAD_BYTES = 32 * 1024 * 1024;
const AHEAD_BLOBS = 8;
/** How far it looks for small ones behind large ones. */
const LOOK_AHEAD = 32;
/** Of a blob that is too large to be fetched ahead: pieces read while what came before is being written, of 64 KiB each. */
const STREAM_AHEAD_PIECES = 64;

export type OpenBlob = (blob: CatalogBlob, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;

/** A blob's source failed; `cause` says how. */
export class BlobReadError extends Error {
  readonly digest: Digest;

  constructor(digest: Digest, cause: unknown) {
    super(`${digest} could not be read.`, { cause });
    this.digest = digest;
  }
}

/**
 * Streams blobs in order, and prefetches smaller ones while another is written: a tar archive is sequential,
 * and a request per blob would add its latency each time. Only whole blobs are prefetched, so that no
 * connection idles while a large blob is written.
 */
export class BlobPrefetcher {
  readonly #open: OpenBlob;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  /** Neither read nor being fetched. */
  readonly #waiting: Map<Digest, CatalogBlob>;
  readonly #fetched = new Map<Digest, Promise<readonly Uint8Array[]>>();
  #fetchedBytes = 0;

  constructor(blobs: readonly CatalogBlob[], open: OpenBlob, signal: AbortSignal | undefined) {
    this.#waiting = new Map(blobs.map((blob) => [blob.digest, blob]));
    this.#open = open;
    this.#signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
  }

  /** The bytes of the next blob. @throws BlobReadError, or the abort's reason */
  async *read(blob: CatalogBlob): AsyncGenerator<Uint8Array, void, undefined> {
    const fetched = this.#fetched.get(blob.digest);
    this.#waiting.delete(blob.digest);
    this.#fetchAhead();
    try {
      yield* fetched === undefined ? await this.#stream(blob) : await fetched;
    } catch (error) {
      this.#signal.throwIfAborted();
      throw new BlobReadError(blob.digest, error);
    }
    if (fetched === undefined) return;
    this.#fetched.delete(blob.digest);
    this.#fetchedBytes -= blob.size;
  }

  /** Aborts the prefetches and waits for them. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#fetched.values());
  }

  #fetchAhead(): void {
    let looked = 0;
    for (const blob of this.#waiting.values()) {
      looked += 1;
      if (looked > LOOK_AHEAD || this.#fetched.size >= AHEAD_BLOBS) return;
      if (this.#fetchedBytes + blob.size > AHEAD_BYTES) continue;
      this.#waiting.delete(blob.digest);
      this.#fetchedBytes += blob.size;
      const fetched = this.#fetch(blob);
      // `read` reports its failure; until then it is no unhandled rejection.
      fetched.catch(() => {});
      this.#fetched.set(blob.digest, fetched);
    }
  }

  async #fetch(blob: CatalogBlob): Promise<readonly Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    for await (const piece of await this.#open(blob, this.#signal)) pieces.push(piece);
    return pieces;
  }

  async #stream(blob: CatalogBlob): Promise<AsyncIterable<Uint8Array>> {
    const bytes = await this.#open(blob, this.#signal);
    // In object mode, so that waiting chunks are not copied together.
    return Readable.from(bytes, { highWaterMark: STREAM_AHEAD_PIECES });
  }
}
