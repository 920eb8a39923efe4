import { type ErrorContext, TransportError } from './errors.ts';

/**
 * Runs work that must finish within `ms`. The signal given to `run` aborts at the deadline, with the error below, or
 * with the caller's `signal`, with its reason. Waits for `run` to heed that signal; where it may not, wrap its promise
 * in `untilAborted`. Once `run` has finished only the caller's signal counts, so a body may stream for longer.
 * @param failure what the error says without the duration: `The vault did not answer`.
 * @param context what the error carries beside its message.
 * @throws TransportError `E_TIMEOUT` after the deadline; the reason of `signal` when that was aborted; else what `run` throws.
 */
export async function withDeadline<T>(
  ms: number,
  failure: string,
  run: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
  context: ErrorContext = {},
): Promise<T> {
  signal?.throwIfAborted();
  const deadline = new AbortController();
  const message = `${failure} within ${durationOf(ms)}.`;
  const timer = setTimeout(() => deadline.abort(new TransportError('E_TIMEOUT', message, context)), ms);
  try {
    return await run(signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal);
  } catch (cause) {
    signal?.throwIfAborted();
    if (!deadline.signal.aborted || cause === deadline.signal.reason) throw cause;
    throw new TransportError('E_TIMEOUT', message, { ...context, cause });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The promise's outcome, or the reason of `signal` as soon as that is aborted. The work behind the promise is not
 * stopped; its outcome is then ignored.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await promise;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([aborted.promise, promise]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function durationOf(ms: number): string {
  return ms < 120_000 ? `${ms / 1000} s` : `${ms / 60_000} min`;
}
