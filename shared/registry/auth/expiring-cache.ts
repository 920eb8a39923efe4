import { untilAborted } from '../../deadline.ts';
import type { Timing } from '../http/index.ts';

export interface Fetched<Value> {
  readonly value: Value;
  /** Life from the moment it was asked for, in milliseconds. */
  readonly lifeMs: number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly renewAt: number;
}

/** Values are renewed this long before they end, or after three quarters of a shorter life. */
const MARGIN_MS = 30_000;
const MARGIN_SHARE = 0.25;
/** Above it, entries past their time are swept before another is added. */
const SWEEP_SIZE = 1_000;

/**
 * What is had over the network and good for a while: tokens by scope, credentials. Callers that need the same at
 * the same time share one request, which none of them can abort for the others. A failure is not kept. Not a `ttlMemo`: what is
 * fetched says how long it lives, is renewed before it ends, and can be dropped when a registry refuses it.
 */
export class ExpiringCache<Value> {
  readonly #fetch: (key: string) => Promise<Fetched<Value>>;
  readonly #timing: Pick<Timing, 'now'>;
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #underWay = new Map<string, Promise<Value>>();

  constructor(fetch: (key: string) => Promise<Fetched<Value>>, timing: Pick<Timing, 'now'>) {
    this.#fetch = fetch;
    this.#timing = timing;
  }

  async get(key: string, signal?: AbortSignal): Promise<Value> {
    const entry = this.#entries.get(key);
    if (entry && entry.renewAt > this.#timing.now()) return entry.value;
    let flight = this.#underWay.get(key);
    if (!flight) {
      flight = this.#renew(key).finally(() => this.#underWay.delete(key));
      // All callers may have stopped waiting; the failure is then not handled elsewhere.
      flight.catch(() => {});
      this.#underWay.set(key, flight);
    }
    return await untilAborted(flight, signal);
  }

  /** Drops the value unless a newer one has taken its context. */
  forget(key: string, value: Value): void {
    if (this.#entries.get(key)?.value === value) this.#entries.delete(key);
  }

  async #renew(key: string): Promise<Value> {
    const askedAt = this.#timing.now();
    const { value, lifeMs } = await this.#fetch(key);
    if (this.#entries.size >= SWEEP_SIZE) this.#sweep(askedAt);
    const renewAt = askedAt + lifeMs - Math.min(MARGIN_MS, lifeMs * MARGIN_SHARE);
    this.#entries.set(key, { value, renewAt });
    return value;
  }

  #sweep(now: number): void {
    for (const [key, { renewAt }] of this.#entries) if (renewAt <= now) this.#entries.delete(key);
  }
}
