import type { CopyProgress } from './copy/index.ts';

const WRITE_EVERY_MS = 1000;

/**
 * Keeps a record of a copy's progress without slowing it: at most one write a second, none in the first, one at a time,
 * always the latest numbers. A write that fails costs a number on a screen, never the import.
 */
export class ProgressWriter<Progress = CopyProgress> {
  readonly #write: (progress: Progress) => Promise<unknown>;
  readonly #now: () => Date;
  #latest: Progress | undefined;
  #unwritten: Progress | undefined;
  #lastWrite: number;
  #underWay: Promise<unknown> | undefined;

  constructor(write: (progress: Progress) => Promise<unknown>, now: () => Date = () => new Date()) {
    this.#write = write;
    this.#now = now;
    this.#lastWrite = now().getTime();
  }

  report(progress: Progress): void {
    this.#latest = progress;
    this.#unwritten = progress;
    if (!this.#underWay && this.#now().getTime() - this.#lastWrite >= WRITE_EVERY_MS) this.#start();
  }

  /** Resolves when the latest numbers were written. */
  async flush(): Promise<void> {
    await this.#underWay;
    this.#start();
    await this.#underWay;
  }

  /** Ends the writing. Resolves to the latest numbers, for the record of how it ended. */
  async end(): Promise<Progress | undefined> {
    this.#unwritten = undefined;
    await this.#underWay;
    return this.#latest;
  }

  #start(): void {
    const progress = this.#unwritten;
    if (progress === undefined) return;
    this.#unwritten = undefined;
    this.#lastWrite = this.#now().getTime();
    this.#underWay = this.#write(progress)
      .catch(() => {})
      .finally(() => {
        this.#underWay = undefined;
      });
  }
}
