import type { RegistryError } from '../../errors.ts';
import { type Operation, parseErrorBody, parseRetryAfter, toRegistryError } from '../protocol/index.ts';
import { readLeniently } from './bounded.ts';
import type { HttpResponse } from './message.ts';

const BOUNDS = { maxBytes: 64 * 1024, timeoutMs: 10_000 };

/**
 * Reads an unsuccessful answer to its end.
 * @param now milliseconds since the epoch, for `Retry-After`
 * @param secrets what the request showed, and the answer may repeat
 * @param isAnonymous no credentials are known that the request could have shown
 */
export async function readErrorResponse(
  response: HttpResponse,
  operation: Operation,
  now: number,
  secrets: readonly string[] = [],
  isAnonymous = false,
): Promise<RegistryError> {
  return toRegistryError({
    operation,
    host: response.url.host,
    status: response.status,
    body: parseErrorBody(await readLeniently(response, BOUNDS), response.header('content-type'), secrets),
    retryAfterMs: parseRetryAfter(response.header('retry-after'), now),
    isAnonymous,
  });
}
