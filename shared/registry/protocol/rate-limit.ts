/** What a registry says of the manifests that may still be pulled. */
export interface PullAllowance {
  /** Pulls per window. */
  readonly limit: number;
  readonly windowSeconds: number;
  /** Pulls left now; at most `limit`. */
  readonly remaining: number;
  /** Whose pulls are counted: an address or the id of an account. */
  readonly source?: string;
}

type Headers = (name: string) => string | undefined;

const MAX_LIMIT = 1_000_000_000;
const MAX_WINDOW_SECONDS = 31 * 24 * 60 * 60;
const ALLOWANCE = /^\s*(\d{1,10})\s*;\s*w\s*=\s*(\d{1,8})\s*$/;
const SOURCE = /^[\w.:/-]{1,100}$/;

/**
 * Reads Docker Hub's `ratelimit-limit: 100;w=21600`, `ratelimit-remaining: 76;w=21600` and `docker-ratelimit-source`, sent
 * with answers to GET and HEAD of a manifest. `undefined` unless both numbers are there and make sense: an allowance
 * that is believed by mistake stops imports, or lets too many go.
 */
export function readPullAllowance(header: Headers): PullAllowance | undefined {
  const limits = header('ratelimit-limit');
  if (limits === undefined) return undefined;
  const [limit, windowSeconds] = numbersOf(limits);
  const [remaining, sameWindow] = numbersOf(header('ratelimit-remaining'));
  if (limit === undefined || windowSeconds === undefined || remaining === undefined) return undefined;
  if (limit > MAX_LIMIT || windowSeconds < 1 || windowSeconds > MAX_WINDOW_SECONDS) return undefined;
  if (sameWindow !== windowSeconds) return undefined;
  const source = header('docker-ratelimit-source')?.trim();
  return {
    limit,
    windowSeconds,
    remaining: Math.min(remaining, limit),
    ...(source && SOURCE.test(source) && { source }),
  };
}

function numbersOf(header: string | undefined): readonly (number | undefined)[] {
  return (
    ALLOWANCE.exec(header ?? '')
      ?.slice(1)
      .map(Number) ?? []
  );
}

const MAX_PAUSE_SECONDS = 24 * 60 * 60;
/** A number below is a length of time, one above the clock's seconds since 1970. */
const FIRST_UNIX_SECOND = 1_000_000_000;

/**
 * How long requests of any kind have to wait, in milliseconds, because `X-RateLimit-Remaining` is 0: until
 * `X-RateLimit-Reset`, a Unix time or a number of seconds. `undefined` when some are left or the time makes no sense.
 */
export function readRequestPause(header: Headers, now: number): number | undefined {
  const [remaining, reset] = [header('x-ratelimit-remaining'), header('x-ratelimit-reset')];
  if (remaining?.trim() !== '0' || !reset || !/^\s*\d{1,10}\s*$/.test(reset)) return undefined;
  const seconds = Number(reset) < FIRST_UNIX_SECOND ? Number(reset) : Number(reset) - now / 1000;
  return seconds > 0 && seconds <= MAX_PAUSE_SECONDS ? Math.ceil(seconds * 1000) : undefined;
}
