import { findRetryAfter, parseRetryAfter, parseRetryTime } from '../protocol/index.ts';
import { readLeniently } from './bounded.ts';
import type { HttpResponse, ResponseBody, Send } from './message.ts';
import type { Timing } from './timing.ts';

const TOO_MANY_REQUESTS = 429;
const BOUNDS = { maxBytes: 64 * 1024, timeoutMs: 5_000 };

/**
 * Registries say in four ways how long to wait: `Retry-After` in seconds or as a date,
 * `X-Retry-After` as a Unix time, or in the text of a 429. Whichever it was, the answer that leaves here has
 * it as `Retry-After` in whole seconds.
 */
export function withRetryAdvice(send: Send, timing: Pick<Timing, 'now'>): Send {
  return async (request) => {
    const response = await send(request);
    if (
      response.status < 400 ||
      parseRetryAfter(response.header('retry-after'), timing.now()) !== undefined
    ) {
      return response;
    }
    const waitMs = parseRetryTime(response.header('x-retry-after'), timing.now());
    if (waitMs !== undefined) return withRetryAfter(response, waitMs);
    if (response.status !== TOO_MANY_REQUESTS || request.method === 'HEAD') return response;
    const bytes = await readLeniently(response, BOUNDS);
    const replayable = { ...response, body: bodyOf(bytes) };
    const textMs = findRetryAfter(new TextDecoder().decode(bytes));
    return textMs === undefined ? replayable : withRetryAfter(replayable, textMs);
  };
}

function withRetryAfter(response: HttpResponse, waitMs: number): HttpResponse {
  const seconds = String(Math.ceil(waitMs / 1000));
  return {
    ...response,
    header: (name) => (name === 'retry-after' ? seconds : response.header(name)),
    headerLines: (name) => (name === 'retry-after' ? [seconds] : response.headerLines(name)),
  };
}

/** Bytes that were read already, for the next reader of the response. */
function bodyOf(bytes: Uint8Array): ResponseBody {
  return {
    async *[Symbol.asyncIterator]() {
      if (bytes.byteLength > 0) yield bytes;
    },
    async discard() {},
    abort() {},
  };
}
