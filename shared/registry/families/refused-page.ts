import { RegistryError } from '../../errors.ts';
import { type HttpResponse, readErrorResponse } from '../http/index.ts';
import { contextOf, couldNot, type Operation, parseRetryTime } from '../protocol/index.ts';

/**
 * The error that a 403 or 429 is. Web APIs count requests in headers of their own, and GitHub answers 403 to
 * whom it only wants to wait (REST API, "Rate limits"): a refusal that says when to come back is a rate limit.
 * @param what the operation, to stand after "Could not"
 * @param secrets what the request showed, and the answer may repeat
 */
export async function refusedPage(
  response: HttpResponse,
  operation: Operation,
  now: number,
  secrets: readonly string[],
): Promise<RegistryError> {
  const error = await readErrorResponse(response, operation, now, secrets);
  const { status, url } = response;
  const retryAfterMs = error.retryAfterMs ?? untilReset(response, now);
  if (retryAfterMs === undefined) return error;
  return new RegistryError(
    'E_RATE_LIMITED',
    `${couldNot(operation)}: the rate limit of ${url.host} is reached (it answered ${status}). Try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
    { ...contextOf(operation), status, registryCodes: error.registryCodes, retryAfterMs, cause: error },
  );
}

function untilReset(response: HttpResponse, now: number): number | undefined {
  if (response.header('x-ratelimit-remaining')?.trim() !== '0') return undefined;
  return parseRetryTime(response.header('x-ratelimit-reset'), now);
}
