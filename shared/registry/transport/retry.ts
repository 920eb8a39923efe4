import { TransportError } from '../../errors.ts';
import { nextDelayMs } from './backoff.ts';
import type { RegistryLimits } from './limits.ts';
import type { HttpRequest, HttpResponse, Send } from './message.ts';
import { parseRetryAfter } from './retry-after.ts';
import type { Timing } from './timing.ts';

const RETRIED_STATUS = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Sends again what failed for a moment. When the budget is spent, or the registry asks for a longer wait than
 * ours, the last answer or error goes up as it is. A streamed body is never sent again here: the upload
 * session it belongs to is in an unknown state, which only the upload can put right.
 */
export function withRetry(send: Send, limits: RegistryLimits, timing: Timing): Send {
  return async (request) => {
    const startedAt = timing.now();
    for (let attempt = 1; ; attempt += 1) {
      const result = await attemptOnce(send, request);
      const retryAfterMs =
        result instanceof TransportError
          ? undefined
          : parseRetryAfter(result.header('retry-after'), timing.now());
      const delayMs = isWorthRepeating(request, result)
        ? nextDelayMs({ attempt, spentMs: timing.now() - startedAt, retryAfterMs }, limits, timing)
        : undefined;
      if (delayMs === undefined) {
        if (result instanceof TransportError) throw result;
        return result;
      }
      if (!(result instanceof TransportError)) await result.body.discard();
      await timing.sleep(delayMs, request.signal);
    }
  };
}

async function attemptOnce(send: Send, request: HttpRequest): Promise<HttpResponse | TransportError> {
  try {
    return await send(request);
  } catch (error) {
    if (error instanceof TransportError) return error;
    throw error;
  }
}

function isWorthRepeating({ body }: HttpRequest, result: HttpResponse | TransportError): boolean {
  if (typeof body === 'function') return false;
  return result instanceof TransportError || RETRIED_STATUS.has(result.status);
}
