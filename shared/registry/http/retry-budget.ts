import type { RegistryLimits } from './limits.ts';
import type { Timing } from './timing.ts';

const BASE_DELAY_MS = 250;
const MAX_DELAY_MS = 8_000;

interface Failure {
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

/** What one operation may spend on trying again, over all the requests it consists of. */
export class RetryBudget {
  readonly #limits: RegistryLimits;
  readonly #timing: Pick<Timing, 'random'>;
  #failures = 0;
  #spentMs = 0;

  constructor(limits: RegistryLimits, timing: Pick<Timing, 'random'>) {
    this.#limits = limits;
    this.#timing = timing;
  }

  /**
   * Counts a failure. How long to wait before the next attempt; `undefined` means give up.
   * @param lostMs how long the attempt took, unless it moved bytes: a long upload may break late and go on
   */
  nextDelayMs({
    retryAfterMs,
    lostMs = 0,
  }: {
    retryAfterMs?: number | undefined;
    lostMs?: number;
  } = {}): number | undefined {
    this.#failures += 1;
    this.#spentMs += lostMs;
    const failure = { attempt: this.#failures, spentMs: this.#spentMs, retryAfterMs };
    const delayMs = nextDelayMs(failure, this.#limits, this.#timing);
    this.#spentMs += delayMs ?? 0;
    return delayMs;
  }

  /** There was progress: the attempts are counted anew. What was waited stays spent. */
  renewAttempts(): void {
    this.#failures = 0;
  }
}
