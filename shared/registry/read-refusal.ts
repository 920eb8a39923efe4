import type { RegistryError } from '../errors.ts';
import { parseErrorBody } from './protocol/error-body.ts';
import { refusal } from './protocol/refusal.ts';
import { type HttpResponse, parseRetryAfter, readBounded } from './transport/index.ts';

const BOUNDS = { maxBytes: 64 * 1024, timeoutMs: 10_000 };

/**
 * Reads an unsuccessful answer to its end.
 * @param what the operation, to stand after "Could not"
 * @param now milliseconds since the epoch, for `Retry-After`
 */
export async function readRefusal(response: HttpResponse, what: string, now: number): Promise<RegistryError> {
  return refusal({
    what,
    host: response.url.host,
    status: response.status,
    body: parseErrorBody(await readLeniently(response), response.header('content-type')),
    retryAfterMs: parseRetryAfter(response.header('retry-after'), now),
  });
}

/** The status is known by now; a body that is too long, too slow or broken off only costs us its explanation. */
async function readLeniently(response: HttpResponse): Promise<Uint8Array> {
  try {
    return await readBounded(response, BOUNDS);
  } catch {
    return new Uint8Array();
  }
}
