import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const HEX_SHA256 = /^[0-9a-f]{64}$/i;

/** Compares two texts of any length in a time that does not depend on where they differ. */
export function isSameSecret(given: string, expected: string): boolean {
  const key = randomBytes(32);
  const hash = (text: string) => createHmac('sha256', key).update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

/** Whether `signature`, in hexadecimal, is the HMAC-SHA256 of the body's bytes as they came. */
export function isSignature(signature: string, body: Uint8Array, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest();
  return HEX_SHA256.test(signature) && timingSafeEqual(Buffer.from(signature, 'hex'), expected);
}
