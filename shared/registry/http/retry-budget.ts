import { nextDelayMs } from './backoff.ts';
import type { RegistryLimits } from './limits.ts';
import type { Timing } from './timing.ts';

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
