import { TransportError } from '../shared/errors.ts';

/** Five minutes less than `functionTimeout` in host.json: time to write down what became of the work, and to pause. */
export const TIME_LIMIT_MS = 115 * 60_000;

/**
 * Runs an invocation's work so that it ends by itself before the host would end it. The host ends the whole worker
 * process, and every other invocation in it.
 */
export async function withinTimeLimit<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    const message = `The work was not over within ${TIME_LIMIT_MS / 60_000} minutes. What arrived is kept.`;
    limit.abort(new TransportError('E_TIMEOUT', message));
  }, TIME_LIMIT_MS);
  try {
    return await run(limit.signal);
  } finally {
    clearTimeout(timer);
  }
}
