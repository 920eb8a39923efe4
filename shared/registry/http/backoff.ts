import type { RegistryLimits } from './limits.ts';
import type { Timing } from './timing.ts';

const BASE_DELAY_MS = 250;
const MAX_DELAY_MS = 8_000;

export interface Failure {
  /** Attempts made so far. */
  readonly attempt: number;
  /** Milliseconds of the retry budget that are gone. */
  readonly spentMs: number;
  readonly retryAfterMs?: number | undefined;
}

/**
 * How long to wait before the next attempt: exponential backoff with full jitter, or what the registry asked
 * for if that is longer: some ask for microseconds, and refuse again. `undefined` means give up.
 */
export function nextDelayMs(
  { attempt, spentMs, retryAfterMs }: Failure,
  limits: Pick<RegistryLimits, 'attempts' | 'retryBudgetMs' | 'maxRetryAfterMs'>,
  timing: Pick<Timing, 'random'>,
): number | undefined {
  if (attempt >= limits.attempts) return undefined;
  const chance = timing.random();
  const backoffMs = chance * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** attempt);
  const delayMs =
    retryAfterMs === undefined ? backoffMs : Math.max(backoffMs, retryAfterMs + chance * BASE_DELAY_MS);
  if (retryAfterMs !== undefined && retryAfterMs > limits.maxRetryAfterMs) return undefined;
  return spentMs + delayMs > limits.retryBudgetMs ? undefined : delayMs;
}
