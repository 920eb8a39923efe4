import { IntegrityError, TransportError } from '../../errors.ts';
import { RetryBudget } from '../http/index.ts';
import type { RepositoryContext } from './repository-context.ts';

/**
 * Runs an operation whose answer is held in memory, and again when that breaks off or is not what was asked
 * for: no single request can see that. Wrong bytes get one more chance; a registry that insists means it.
 * @param attempt takes the budget that its own requests share
 */
export async function retryUntilIntact<T>(
  { endpoint: { limits, timing } }: Pick<RepositoryContext, 'endpoint'>,
  signal: AbortSignal | undefined,
  attempt: (retries: RetryBudget) => Promise<T>,
): Promise<T> {
  const retries = new RetryBudget(limits, timing);
  let wrongBytes = 0;
  for (;;) {
    try {
      return await attempt(retries);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof IntegrityError) wrongBytes += 1;
      const isPassing =
        error instanceof IntegrityError
          ? wrongBytes < 2
          : error instanceof TransportError && error.code !== 'E_TOO_LARGE';
      const delayMs = isPassing ? retries.nextDelayMs() : undefined;
      if (delayMs === undefined) throw error;
      await timing.sleep(delayMs, signal);
    }
  }
}
