/**
 * Lock tokens are GUIDs, written in two ways: a delivery tag has the byte order of .NET, in which the first
 * three groups are little-endian; `$management` messages have the plain order of RFC 9562.
 */

export function guidToBytes(guid: string): Buffer {
  return Buffer.from(guid.replaceAll('-', ''), 'hex');
}

export function guidFromBytes(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function guidToDeliveryTag(guid: string): Buffer {
  return reverseFirstGroups(guidToBytes(guid));
}

export function guidFromDeliveryTag(tag: Buffer): string {
  return guidFromBytes(reverseFirstGroups(Buffer.from(tag)));
}

/** In place, and its own inverse. */
function reverseFirstGroups(bytes: Buffer): Buffer {
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
