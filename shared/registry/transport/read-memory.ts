import type { OnReadOpts } from 'node:net';

/** What one read takes at most; larger saves no more processor time. */
const PIECE_BYTES = 128 * 1024;
/** A read of less is copied: a piece for each would be mostly empty, and not be known to have left (`OutgoingBody`). */
const COPIED_BYTES = PIECE_BYTES / 2;
const SPARE_PIECES = 32;

/**
 * Memory that plain sockets are read into. Node allocates for each read, which costs a large copy a fifth of its
 * processor time in allocation, page faults and garbage collection. Here a piece is lent to whoever reads, and used for another read
 * once all its bytes are given back. Nobody has to: what is kept or lost is collected like any other memory.
 */
export class ReadMemory {
  readonly #spare: Piece[] = [];
  readonly #onAllocation: (bytes: number) => void;

  /** @param onAllocation told how many bytes were allocated, each time */
  constructor(onAllocation: (bytes: number) => void) {
    this.#onAllocation = onAllocation;
  }

  /** How one socket that is about to be made reads into this memory. `pass` gets what it read, and says whether to go on. */
  readingInto(pass: (bytes: Buffer) => boolean): OnReadOpts {
    let next = this.#take();
    return {
      // Asked for at first and after each read.
      buffer: () => next,
      callback: (count) => {
        const piece = next;
        if (count < COPIED_BYTES) return pass(Buffer.from(piece.subarray(0, count)));
        next = this.#take();
        return pass(lend(piece, count));
      },
    };
  }

  #take(): Buffer<ArrayBuffer> {
    const spare = this.#spare.pop();
    if (spare) return Buffer.from(spare);
    this.#onAllocation(PIECE_BYTES);
    return Buffer.from(new Piece((piece) => this.#takeBack(piece)));
  }

  #takeBack(piece: Piece): void {
    if (this.#spare.length < SPARE_PIECES) this.#spare.push(piece);
  }
}

/** Known by itself wherever its bytes go, in whatever parts. */
class Piece extends ArrayBuffer {
  lentBytes = 0;
  readonly onFree: (piece: Piece) => void;

  constructor(onFree: (piece: Piece) => void) {
    super(PIECE_BYTES);
    this.onFree = onFree;
  }
}

function lend(bytes: Buffer<ArrayBuffer>, count: number): Buffer {
  if (bytes.buffer instanceof Piece) bytes.buffer.lentBytes = count;
  return bytes.subarray(0, count);
}

/** Whether bytes are in memory that can be given back. */
export function isLent(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof Piece;
}

/** To be called once for each byte at most, by who got it last; it must not be read any more. Other memory stays as it is. */
export function giveBack(bytes: Uint8Array): void {
  const piece = bytes.buffer;
  if (!(piece instanceof Piece)) return;
  piece.lentBytes -= bytes.byteLength;
  if (piece.lentBytes === 0) piece.onFree(piece);
}
