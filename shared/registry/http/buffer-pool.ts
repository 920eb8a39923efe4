import { channel } from 'node:diagnostics_channel';
import type { OnReadOpts } from 'node:net';

const PIECE_BYTES = 128 * 1024;
/** A read of less is copied: what is kept of small answers would keep a whole piece. */
const COPIED_BYTES = 8 * 1024;
const SPARE_PIECES = 32;

/** The room for a read that is worth one, in bytes. */
export const ROOM = {
  /** A plain socket takes whatever has come. */
  plain: 64 * 1024,
  /** TLS hands on a record at a time, which has no more (RFC 8446, section 5.1). */
  tls: 16 * 1024,
} as const;

/**
 * Memory that sockets are read into. Node allocates for each read, which costs a large copy a fifth of its
 * processor time in allocation, page faults and garbage collection. Here a buffer is
 * filled read after read, and used again once all its bytes are released. Releasing is optional: memory that is kept or
 * lost is collected like any other.
 */
export class BufferPool {
  readonly #spare: PooledBuffer[] = [];
  readonly #onAllocation: (bytes: number) => void;

  /** @param onAllocation told how many bytes were allocated, each time */
  constructor(onAllocation: (bytes: number) => void) {
    this.#onAllocation = onAllocation;
  }

  /**
   * How one socket that is about to be made reads into this memory.
   * @param room what is left of a piece is read into while it is as much as this, in bytes
   * @param pass gets what was read, and says whether to go on
   */
  readingInto(room: number, pass: (bytes: Buffer) => boolean): OnReadOpts {
    let piece = this.#take();
    let at = 0;
    return {
      // Asked for at first and after each read.
      buffer: () => Buffer.from(piece, at),
      callback: (count) => {
        const read = Buffer.from(piece, at, count);
        if (count < COPIED_BYTES) return pass(Buffer.from(read));
        at += count;
        if (PIECE_BYTES - at < room) {
          piece.returned(PIECE_BYTES - at);
          piece = this.#take();
          at = 0;
        }
        return pass(read);
      },
    };
  }

  #take(): PooledBuffer {
    const spare = this.#spare.pop();
    if (spare) return spare.anew();
    this.#onAllocation(PIECE_BYTES);
    return new PooledBuffer((piece) => this.#takeBack(piece));
  }

  #takeBack(piece: PooledBuffer): void {
    if (this.#spare.length < SPARE_PIECES) this.#spare.push(piece);
  }
}

/** Recognized by its class wherever its bytes go, in whatever parts. */
class PooledBuffer extends ArrayBuffer {
  readonly #onFree: (piece: PooledBuffer) => void;
  #bytesOut = PIECE_BYTES;

  constructor(onFree: (piece: PooledBuffer) => void) {
    super(PIECE_BYTES);
    this.#onFree = onFree;
  }

  anew(): this {
    this.#bytesOut = PIECE_BYTES;
    return this;
  }

  /** Bytes that were read, or that nothing will be read into any more. */
  returned(bytes: number): void {
    this.#bytesOut -= bytes;
    if (this.#bytesOut === 0) this.#onFree(this);
  }
}

/** Gets the bytes that are released, before their memory is used again. Tests overwrite them. */
const released = channel('longshore:released-memory');

/** Whether bytes are in memory that can be given back. */
export function isPooled(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof PooledBuffer;
}

/** To be called once for each byte at most, by who got it last; it must not be read any more. Other memory stays as it is. */
export function release(bytes: Uint8Array): void {
  // Nothing, given back to a piece that is free already, would make it free twice.
  if (bytes.byteLength === 0 || !(bytes.buffer instanceof PooledBuffer)) return;
  if (released.hasSubscribers) released.publish(bytes);
  bytes.buffer.returned(bytes.byteLength);
}
