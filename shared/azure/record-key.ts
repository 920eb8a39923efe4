import { InvalidInputError } from '../errors.ts';

/** Longest partition or row key of Azure Tables: 1 KiB ("Understanding the Table service data model"). */
const MAX_ENCODED_LENGTH = 1024;

const TO_ESCAPE = /[^!-}]|[#%/?\\]/g;
const ESCAPE = / ~| ([0-9a-f]{2})|\}~~([0-9a-f]{4})|([!-}])~/g;

/**
 * Writes any text as a key Azure Tables takes: no `/ \ # ?`, no control characters, and no `%`, which is legal but
 * gets decoded twice on some ways to the service. Reversible, and keeps the order: keys sort as the texts do, by
 * code unit, because an escape starts with the sign before the escaped one, and continues with `~`, which
 * sorts after all that can follow that sign otherwise (`a/b` → `a.~b`).
 * @throws InvalidInputError `E_ARGUMENT` when the key is too long.
 */
export function encodeKey(text: string): string {
  const encoded = text.replace(TO_ESCAPE, escapeSign);
  if (encoded.length <= MAX_ENCODED_LENGTH) return encoded;
  throw new InvalidInputError(
    'E_ARGUMENT',
    `A record's key takes ${encoded.length} characters, at most ${MAX_ENCODED_LENGTH} are possible: "${text.slice(0, 100)}…".`,
  );
}

/** The text that `encodeKey` wrote. @throws Error for a key that it cannot have written. */
export function decodeKey(key: string): string {
  const text = key.replace(ESCAPE, (escaped, control?: string, unit?: string, before?: string) => {
    const hex = control ?? unit;
    if (hex) return String.fromCharCode(Number.parseInt(hex, 16));
    return before ? String.fromCharCode(before.charCodeAt(0) + 1) : escaped.slice(0, 1);
  });
  if (encodeKey(text) !== key) throw new Error(`"${key}" is not a key of one of our records.`);
  return text;
}

function escapeSign(sign: string): string {
  const unit = sign.charCodeAt(0);
  if (sign === ' ') return ' ~';
  if (unit < 0x20) return ` ${unit.toString(16).padStart(2, '0')}`;
  if (unit > 0x7e) return `}~~${unit.toString(16).padStart(4, '0')}`;
  return `${String.fromCharCode(unit - 1)}~`;
}
