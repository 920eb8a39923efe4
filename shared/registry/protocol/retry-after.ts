const MAX_SECONDS = 7 * 24 * 60 * 60;
/** No registry means a time before 2001: a number below is not one of the clock. */
const FIRST_UNIX_SECOND = 1_000_000_000;
/** What is looked at of a refusal's text. */
const MAX_TEXT_CHARS = 4_096;

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3): seconds or an HTTP date. Milliseconds from now, at most a
 * week; `undefined` for anything else.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return bounded(Number(text) * 1000);
  // Date.parse takes many forms; an HTTP date starts with the day's name.
  const date = /^[A-Z][a-z]{2,8}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : bounded(date - now);
}

/** Reads `X-Retry-After` as Docker Hub sends it: the Unix time, in seconds, at which to come back. */
export function parseRetryTime(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  const seconds = /^\d{1,12}$/.test(text) ? Number(text) : 0;
  return seconds < FIRST_UNIX_SECOND ? undefined : bounded(seconds * 1000 - now);
}

const IN_TEXT =
  /\bretry[- ]after\b[:=]?\s*((?:\d{1,9}(?:\.\d{1,9})?(?:h|ms|m|s|[uµμ]s|ns))+|\d{1,9})(?![\w.])/i;
const DURATION_PART = /(\d+(?:\.\d+)?)(h|ms|m|s|[uµμ]s|ns)/g;
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/**
 * Finds the wait in a refusal's own words, as GitHub's registry writes it: `toomanyrequests: retry-after:
 * 880µs, allowed: 44000/minute`. A Go duration, or seconds when it has no unit.
 */
export function findRetryAfter(text: string): number | undefined {
  const found = IN_TEXT.exec(text.slice(0, MAX_TEXT_CHARS))?.[1]?.toLowerCase();
  if (found === undefined) return undefined;
  if (/^\d+$/.test(found)) return bounded(Number(found) * 1000);
  let ms = 0;
  for (const [, count, unit] of found.matchAll(DURATION_PART)) {
    // Micro- and nanoseconds are no wait worth counting.
    ms += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  }
  return bounded(ms);
}

function bounded(ms: number): number {
  return Math.min(Math.max(ms, 0), MAX_SECONDS * 1000);
}
