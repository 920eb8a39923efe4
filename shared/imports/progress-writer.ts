import type { CopyProgress } from './copy/copy-progress.ts';

const WRITE_EVERY_MS = 1000;

/**
 * Keeps a record of a copy's progress without slowing it: at most one write a second, one at a time, always the
 * latest numbers. A write that fails costs a number on a screen, never the import.
 */
export class ProgressWriter<Progress = CopyProgress> {
  readonly #write: (progress: Progress) => Promise<unknown>;
  readonly #now: () => Date;
  #latest: Progress | undefined;
  #lastWrite = Number.NEGATIVE_INFINITY;
  #underWay: Promise<unknown> | undefined;

  constructor(write: (progress: Progress) => Promise<unknown>, now: () => Date = () => new Date()) {
    this.#write = write;
    this.#now = now;
  }

  report(progress: Progress): void {
    this.#latest = progress;
    if (!this.#underWay && this.#now().getTime() - this.#lastWrite >= WRITE_EVERY_MS) this.#start();
  }

  /** Resolves when the latest numbers were written. */
  async flush(): Promise<void> {
    await this.#underWay;
    this.#start();
    await this.#underWay;
  }

  #start(): void {
    const progress = this.#latest;
    if (progress === undefined) return;
    this.#latest = undefined;
    this.#lastWrite = this.#now().getTime();
    this.#underWay = this.#write(progress)
      .catch(() => {})
      .finally(() => {
        this.#underWay = undefined;
      });
  }
}
