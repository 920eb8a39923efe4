import { randomUUID } from 'node:crypto';
import type { Descriptor } from '../content/index.ts';
import { InvalidInputError } from '../errors.ts';
import type { MeteredRequest, PullMeter } from '../registry/index.ts';
import { childrenCopied, estimateChildren, pullsPerImage } from './image-pulls.ts';
import type { PullGrant, PullWish, UpstreamBudget } from './upstream-budget.ts';

/** One image that is read, or several. */
interface Work {
  /** Pulls it needs, where an earlier try has found out. */
  readonly pulls?: number | undefined;
  /** Platforms that are copied; 0 means all. */
  readonly platforms: number;
  /**
   * The number of images of one batch, which is read from the start again when some failed: with `pulls`, which has to fit into a
   * window. Absent: one image, of which what was read need not be read again.
   */
  readonly images?: number | undefined;
  /** Manifests that the image named when it was last copied, where that is known. */
  readonly children?: (() => Promise<number | undefined>) | undefined;
  /**
   * Makes a request that costs nothing and is answered with the current limits and what the image is, `undefined` when
   * it is gone: a HEAD, under the meter given.
   */
  readonly probe: (
    meter: PullMeter,
    signal: AbortSignal | undefined,
  ) => Promise<Pick<Descriptor, 'mediaType' | 'size'> | undefined>;
}

/** For a new account the first probe tells which account it is, the second what it has left. */
const MAX_PROBES = 2;

/**
 * The pulls of one piece of work. They are reserved when it needs the first, spent as it makes them, and given back by
 * `close`. Of a worker that died they are free after ten minutes.
 */
export class PullLease implements PullMeter {
  readonly #id = randomUUID().slice(0, 8);
  readonly #budget: UpstreamBudget;
  readonly #work: Work;
  #opened: Promise<'limited' | 'unlimited'> | undefined;
  /** Reserving lets the first pull go, which spares a write. */
  #first: PullGrant | undefined;
  #hasLearnedOfLimit = false;
  #begun = 0;
  #reserved = 0;
  #expected: number | undefined;

  constructor(budget: UpstreamBudget, work: Work) {
    this.#budget = budget;
    this.#work = work;
  }

  /**
   * Reserves the pulls now, rather than with the first.
   * @throws BudgetError `E_BUDGET` when they do not fit now; InvalidInputError `E_ARGUMENT` when they never can
   */
  async reserve(signal: AbortSignal | undefined): Promise<void> {
    this.#opened ??= this.#open(signal);
    await this.#opened;
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
    this.#begun += 1;
    return { end: (answer) => this.#budget.settle(this.#id, pull, answer) };
  }

  /**
   * The image, or an index in it, names `children` manifests. Reserves what is free of that; denies nothing. For a root,
   * what was reserved beyond it by a guess is released.
   */
  async expect(children: number, { isRoot }: { readonly isRoot: boolean }): Promise<void> {
    const pulls = childrenCopied(this.#work.platforms, children);
    if (pulls > 0) this.#expected = (this.#expected ?? 0) + pulls;
    const givesBack = isRoot && this.#work.pulls === undefined && this.#reserved > this.#begun;
    if ((pulls > 0 || givesBack) && (await this.#opened) === 'limited')
      await this.#budget.extend(this.#id, pulls, { givesBack, children });
  }

  /** Releases the reservation when the work has ended. */
  async close(): Promise<void> {
    const limits = await this.#opened?.catch(() => undefined);
    if (limits === 'limited' || this.#begun > 0) await this.#budget.release(this.#id);
  }

  async #open(signal: AbortSignal | undefined): Promise<'limited' | 'unlimited'> {
    const lastChildren = this.#work.pulls === undefined ? await this.#work.children?.() : undefined;
    let wish = this.#firstWish(lastChildren);
    for (let probes = 0; ; probes += 1) {
      const outcome = await this.#budget.reserve(this.#id, wish, probes < MAX_PROBES);
      if (outcome.kind === 'unlimited') return 'unlimited';
      if (outcome.kind === 'granted') {
        this.#first = outcome;
        this.#reserved = outcome.reserved;
        return 'limited';
      }
      if (outcome.kind === 'too-large') throw this.#tooLarge(outcome);
      if (outcome.kind === 'denied') throw this.#budget.error(outcome, outcome.wished);
      const found = await this.#work.probe(
        {
          begin: async ({ isPull }) =>
            isPull ? undefined : { end: (answer) => this.#budget.recordProbe(outcome, answer) },
        },
        signal,
      );
      if (wish.isGuess) wish = this.#wishFor(found, lastChildren);
    }
  }

  #firstWish(lastChildren: number | undefined): PullWish {
    const { platforms, pulls, images } = this.#work;
    const isWhole = images !== undefined;
    if (pulls !== undefined) return { platforms, pulls, isGuess: false, isWhole, wasDeferred: !isWhole };
    const guess = lastChildren === undefined ? undefined : pullsPerImage(platforms, lastChildren);
    return { platforms, pulls: guess, isGuess: true };
  }

  /** Of what is gone nothing is copied: its pull finds that out. */
  #wishFor(
    found: Pick<Descriptor, 'mediaType' | 'size'> | undefined,
    lastChildren: number | undefined,
  ): PullWish {
    const { platforms } = this.#work;
    const children = found ? estimateChildren(found, lastChildren) : 0;
    return { platforms, pulls: pullsPerImage(platforms, children), isGuess: false };
  }

  #tooLarge({ wished, capacity }: { readonly wished: number; readonly capacity: number }): InvalidInputError {
    const { registry } = this.#budget;
    return new InvalidInputError(
      'E_ARGUMENT',
      `This needs about ${wished} pulls of ${registry}, whose budget has ${capacity} in a whole window. Copy less per run, for example fewer platforms.`,
    );
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
    const { images, pulls = 0 } = this.#work;
    if (images !== undefined) return Math.max(pulls, images + (this.#expected ?? 0), this.#begun + 1);
    if (this.#expected === undefined) return Math.max(this.#work.pulls ?? this.#reserved, this.#begun + 1);
    return 1 + Math.max(this.#expected + 1 - this.#begun, 1);
  }
}
