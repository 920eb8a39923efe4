import { TransportError } from '../errors.ts';

/**
 * Runs a call that must answer within `timeoutMs`. The signal given to `run` ends at the deadline or with the
 * caller's own `signal`; once the call has answered only the caller's signal counts, so a body may stream for longer.
 * @throws TransportError `E_TIMEOUT` at the deadline; the reason of `signal` when that was aborted.
 */
export async function answerWithin<T>(
  timeoutMs: number,
  what: string,
  run: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  try {
    return await run(signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal);
  } catch (cause) {
    signal?.throwIfAborted();
    if (!deadline.signal.aborted) throw cause;
    throw new TransportError('E_TIMEOUT', `${what} did not answer within ${timeoutMs / 1000} s.`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
