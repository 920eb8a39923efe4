import type { RecordKey, Records } from '../records.ts';

/** A change of a record, and what the caller learns from it. The same value leaves the record as it is. */
export type Step<T, Result> = (current: T | undefined) => readonly [next: T | undefined, result: Result];

interface Waiting<T> {
  readonly step: Step<T, unknown>;
  readonly done: (result: unknown) => void;
  /** Missing for what can wait: it goes into the next write. */
  readonly failed?: (error: unknown) => void;
}

/**
 * Changes of one record by one process, one write at a time: those that come while a write is under way go into the
 * next together. So a record that everybody writes meets as many writers as there are processes, not requests.
 */
export class MergedUpdates<T extends object> {
  readonly #records: Pick<Records<T>, 'update'>;
  readonly #key: RecordKey;
  #waiting: Waiting<T>[] = [];
  #isWriting = false;

  constructor(records: Pick<Records<T>, 'update'>, key: RecordKey) {
    this.#records = records;
    this.#key = key;
  }

  /** Applies a step, which must be pure, in order with the others. Rejects with what the records throw. */
  change<Result>(step: Step<T, Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ step, done: (result) => resolve(result as Result), failed: reject });
      if (!this.#isWriting) void this.#write();
    });
  }

  /** Applies a step, which must be pure, with the next change that a caller waits for. */
  later(step: (current: T | undefined) => T | undefined): void {
    this.#waiting.push({ step: (value) => [step(value), undefined], done: () => {} });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.some(({ failed }) => failed)) {
      const batch = this.#waiting;
      this.#waiting = [];
      let results: unknown[] = [];
      try {
        await this.#records.update(this.#key, (current) => {
          results = [];
          return batch.reduce<T | undefined>((value, { step }) => {
            const [next, result] = step(value);
            results.push(result);
            return next;
          }, current);
        });
        for (const [at, { done }] of batch.entries()) done(results[at]);
      } catch (error) {
        for (const { failed } of batch) failed?.(error);
        this.#waiting = [...batch.filter(({ failed }) => !failed), ...this.#waiting];
      }
    }
    this.#isWriting = false;
  }
}
