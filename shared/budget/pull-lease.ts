import { randomUUID } from 'node:crypto';
import type { MeteredRequest, PullMeter } from '../registry/index.ts';
import type { Taken, UpstreamBudget } from './upstream-budget.ts';

interface Wish {
  /** Pulls the work may need, as far as that is known before it begins. */
  readonly pulls: number;
  /** Makes a request that costs nothing and is answered with the current limits: a HEAD, under the meter given. */
  readonly look: (meter: PullMeter, signal: AbortSignal | undefined) => Promise<unknown>;
}

/** At a new account the first look teaches which it is, the second what it has left. */
const MAX_LOOKS = 2;

/**
 * The pulls of one piece of work. They are reserved when it needs the first, spent as it makes them, and given back by
 * `close`. Of a worker that died they are free after ten minutes.
 */
export class PullLease implements PullMeter {
  readonly #id = randomUUID().slice(0, 8);
  readonly #budget: UpstreamBudget;
  readonly #wish: Wish;
  #opened: Promise<'limited' | 'unlimited'> | undefined;
  /** Reserving lets the first pull go, which spares a write. */
  #first: Taken | undefined;
  #hasLearnedOfLimit = false;
  #taken = 0;
  #expected: number | undefined;

  constructor(budget: UpstreamBudget, wish: Wish) {
    this.#budget = budget;
    this.#wish = wish;
  }

  /** @throws BudgetError `E_BUDGET` when the pull, or the work as a whole, does not fit now */
  async begin({ isPull, signal }: Parameters<PullMeter['begin']>[0]): Promise<MeteredRequest | undefined> {
    if (!isPull) return undefined;
    this.#opened ??= this.#open(signal);
    const opened = await this.#opened;
    if (opened === 'unlimited' && !this.#hasLearnedOfLimit) return this.#unmetered();
    const first = this.#first;
    this.#first = undefined;
    const pull = first ?? (await this.#budget.take(this.#id));
    if (pull.kind === 'denied') throw this.#budget.error(pull, this.#stillNeeded());
    this.#taken += 1;
    return { end: (answer) => this.#budget.settle(this.#id, pull, answer) };
  }

  /** The work turns out to need so many more, such as the children of an index. Takes what is free; denies nothing. */
  async expect(pulls: number): Promise<void> {
    this.#expected = (this.#expected ?? 0) + pulls;
    if ((await this.#opened) === 'limited') await this.#budget.extend(this.#id, pulls);
  }

  /** The work ended, however it did. */
  async close(): Promise<void> {
    const limits = await this.#opened?.catch(() => undefined);
    if (limits === 'limited' || this.#taken > 0) await this.#budget.release(this.#id);
  }

  async #open(signal: AbortSignal | undefined): Promise<'limited' | 'unlimited'> {
    for (let looks = 0; ; looks += 1) {
      const outcome = await this.#budget.reserve(this.#id, this.#wish.pulls, looks < MAX_LOOKS);
      if (outcome.kind === 'unlimited') return 'unlimited';
      if (outcome.kind === 'taken') {
        this.#first = outcome;
        return 'limited';
      }
      if (outcome.kind === 'denied') throw this.#budget.error(outcome, this.#wish.pulls);
      await this.#wish.look(
        {
          begin: async ({ isPull }) =>
            isPull ? undefined : { end: (answer) => this.#budget.looked(outcome, answer) },
        },
        signal,
      );
    }
  }

  /** Nothing limits pulls, as far as is known: their answers may say otherwise. */
  #unmetered(): MeteredRequest {
    return {
      end: async ({ report }) => {
        if (!report?.pulls) return;
        this.#hasLearnedOfLimit = true;
        await this.#budget.note(report.pulls);
      },
    };
  }

  /** When it comes back: the root is read again, and what was not copied. */
  #stillNeeded(): number {
    if (this.#expected === undefined) return Math.max(this.#wish.pulls, this.#taken + 1);
    return 1 + Math.max(this.#expected + 1 - this.#taken, 1);
  }
}
