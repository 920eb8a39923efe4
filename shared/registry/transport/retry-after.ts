const MAX_SECONDS = 7 * 24 * 60 * 60;

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3): seconds or an HTTP date. Milliseconds from now, at most a
 * week; `undefined` for anything else.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text), MAX_SECONDS) * 1000;
  // Date.parse takes many forms; an HTTP date starts with the day's name.
  const date = /^[A-Z][a-z]{2,8}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(date - now, 0), MAX_SECONDS * 1000);
}
