const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;
const COMMA = 0x2c;
/** What an object or a list takes in memory, beside what a value does. */
const CONTAINER_WEIGHT = 4;

/** For any document; the longest listings that are read, of two hundred thousand rows, have less. */
const MAX_WEIGHT = 4_000_000;

/**
 * The value of JSON in UTF-8, whose length the caller has bounded. A value takes two signs of it but fifty bytes and more
 * once it was read, and again as much once it was found wrong: 32 MiB of them take gigabytes. So they are counted first.
 * @param maxWeight values, each object and list counted four times
 * @throws SyntaxError, TypeError for what is not JSON in UTF-8, or has more in it than that
 */
export function readJson(bytes: Uint8Array, maxWeight = MAX_WEIGHT): unknown {
  if (bytes.byteLength * CONTAINER_WEIGHT > maxWeight && weightOf(bytes) > maxWeight)
    throw new SyntaxError('It has more objects, lists and values than are read.');
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
}

/** Counts signs in texts as well, which makes no difference to documents we know. By index: an iterator takes five times as long. */
function weightOf(bytes: Uint8Array): number {
  let weight = 0;
  for (let at = 0; at < bytes.byteLength; at += 1) {
    const byte = bytes[at];
    if (byte === COMMA) weight += 1;
    else if (byte === OPENING_BRACKET || byte === OPENING_BRACE) weight += CONTAINER_WEIGHT;
  }
  return weight;
}
