import { TransportError } from '../../errors.ts';
import { parseRetryAfter } from '../protocol/index.ts';
import { TlsError } from './failure.ts';
import { HostPauses } from './host-pauses.ts';
import type { RegistryLimits } from './limits.ts';
import type { HttpRequest, HttpResponse, Send } from './message.ts';
import { RetryBudget } from './retry-budget.ts';
import type { Timing } from './timing.ts';

/** 424: a cache of Azure could not reach its upstream. */
const RETRIED_STATUS = new Set([408, 424, 429, 500, 502, 503, 504]);
/** Statuses that are about the host, not about the request: all requests to it pause for a moment. */
const PAUSING_STATUS = new Set([429, 503]);

/**
 * Sends again what failed for a moment. When the budget is spent, or the registry asks for a longer wait than
 * ours, the last answer or error goes up as it is. A streamed body is never sent again here: the upload
 * session it belongs to is in an unknown state, which only the upload can put right.
 */
export function withRetry(send: Send, limits: RegistryLimits, timing: Timing): Send {
  const pauses = new HostPauses(timing);
  return async (request) => {
    const { origin } = request.url;
    const isStreamed = typeof request.body === 'function';
    let retries = request.retries;
    let delayMs = 0;
    for (;;) {
      const waitMs = pauses.waitMs(origin, delayMs);
      if (waitMs > 0) await timing.sleep(waitMs, request.signal);
      const startedAt = timing.now();
      const result = await attemptOnce(send, request);
      if (!isPassing(result)) return answerOf(result);
      const retryAfterMs =
        result instanceof TransportError
          ? undefined
          : parseRetryAfter(result.header('retry-after'), timing.now());
      retries ??= new RetryBudget(limits, timing);
      const next = isStreamed
        ? undefined
        : retries.nextDelayMs({ retryAfterMs, lostMs: timing.now() - startedAt });
      if (!(result instanceof TransportError) && PAUSING_STATUS.has(result.status)) {
        pauses.pause(origin, next ?? pauseMs(retryAfterMs, limits));
      }
      if (next === undefined) return answerOf(result);
      if (!(result instanceof TransportError)) await result.body.discard();
      delayMs = next;
    }
  };
}

async function attemptOnce(send: Send, request: HttpRequest): Promise<HttpResponse | TransportError> {
  // Waits only where there is something to wait for: most attempts are not metered.
  const begun = request.onAttempt?.();
  const end = begun instanceof Promise ? await begun : begun;
  let response: HttpResponse;
  try {
    response = await send(request);
  } catch (error) {
    await end?.(undefined);
    if (error instanceof TransportError) return error;
    throw error;
  }
  try {
    const ended = end?.(response);
    if (ended) await ended;
    return response;
  } catch (error) {
    await response.body.discard();
    throw error;
  }
}

function answerOf(result: HttpResponse | TransportError): HttpResponse {
  if (result instanceof TransportError) throw result;
  return result;
}

/** What the others keep to when this request gives up: not a wait so long that it is the queue's business. */
function pauseMs(retryAfterMs: number | undefined, { maxRetryAfterMs }: RegistryLimits): number {
  return retryAfterMs !== undefined && retryAfterMs <= maxRetryAfterMs ? retryAfterMs : 0;
}

function isPassing(result: HttpResponse | TransportError): boolean {
  if (result instanceof TlsError) return false;
  return result instanceof TransportError || RETRIED_STATUS.has(result.status);
}
