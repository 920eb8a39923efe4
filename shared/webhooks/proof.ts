import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const HEX_SHA256 = /^[0-9a-f]{64}$/i;

/** Whether the text is one of the secrets, in a time that depends neither on where they differ nor on which it is. */
export function isSameSecret(given: string, expected: readonly string[]): boolean {
  const key = randomBytes(32);
  const hash = (text: string) => createHmac('sha256', key).update(text).digest();
  const found = hash(given);
  return isAny(expected.map((secret) => timingSafeEqual(found, hash(secret))));
}

/** Whether `signature`, in hexadecimal, is the HMAC-SHA256 of the received bytes, under one of the secrets. */
export function isSignature(signature: string, body: Uint8Array, secrets: readonly string[]): boolean {
  const isWellFormed = HEX_SHA256.test(signature);
  const found = isWellFormed ? Buffer.from(signature, 'hex') : Buffer.alloc(32);
  const matches = secrets.map((secret) =>
    timingSafeEqual(found, createHmac('sha256', secret).update(body).digest()),
  );
  return isAny(matches) && isWellFormed;
}

/** All comparisons are done by now, so its time reveals nothing. */
function isAny(matches: readonly boolean[]): boolean {
  return matches.includes(true);
}
