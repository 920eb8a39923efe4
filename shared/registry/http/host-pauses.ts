import type { Timing } from './timing.ts';

/** Those who waited for another's pause come back spread over this time, not all at once. */
const SPREAD_MS = 250;

/**
 * Hosts that asked for a moment of rest. One request hears it, all the others to that host keep to it: without
 * that, every one of them would have to be refused before it slows down.
 */
export class HostPauses {
  readonly #until = new Map<string, number>();
  readonly #timing: Pick<Timing, 'now' | 'random'>;

  constructor(timing: Pick<Timing, 'now' | 'random'>) {
    this.#timing = timing;
  }

  /** Nothing more is to be sent to `origin` for so long. */
  pause(origin: string, ms: number): void {
    this.#until.set(origin, Math.max(this.#timing.now() + ms, this.#until.get(origin) ?? 0));
  }

  /** How long a request has to wait that would otherwise wait `ownDelayMs`. */
  waitMs(origin: string, ownDelayMs: number): number {
    const until = this.#until.get(origin);
    if (until === undefined) return ownDelayMs;
    const remainingMs = until - this.#timing.now();
    if (remainingMs <= 0) this.#until.delete(origin);
    return remainingMs > ownDelayMs ? remainingMs + this.#timing.random() * SPREAD_MS : ownDelayMs;
  }
}
