/** Ranges are fetched whole, so this bounds the memory of one read: 24 MiB. */
const RANGE_BYTES = 8 * 1024 * 1024;
const RANGES_AT_ONCE = 3;

export type FetchRange = (
  offset: number,
  length: number,
  signal: AbortSignal,
) => Promise<AsyncIterable<Uint8Array>>;

/** Whether a read is long enough to be worth several connections. */
export function isLong(length: number): boolean {
  return length > 2 * RANGE_BYTES;
}

/**
 * Gives the bytes of a long read in order while the ranges that follow are being fetched: one connection to storage is
 * slower than the line. The first that fails ends the read; leaving it early ends the fetches.
 */
export async function* rangesAhead(
  offset: number,
  length: number,
  fetchRange: FetchRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const left = new AbortController();
  const stop = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  const end = offset + length;
  const underWay: Promise<readonly Uint8Array[]>[] = [];
  let next = offset;
  const begin = () => {
    const size = Math.min(RANGE_BYTES, end - next);
    const range = fetchRange(next, size, stop).then((bytes) => Array.fromAsync(bytes));
    // The failure is thrown to the reader of the range, if it is ever read.
    range.catch(() => {});
    underWay.push(range);
    next += size;
  };
  try {
    while (underWay.length < RANGES_AT_ONCE && next < end) begin();
    for (let range = underWay.shift(); range; range = underWay.shift()) {
      const pieces = await range;
      if (next < end) begin();
      yield* pieces;
    }
  } finally {
    left.abort();
    await Promise.allSettled(underWay);
  }
}
