/** How far a copy is. Totals grow while the graph is being discovered. */
export interface CopyProgress {
  readonly bytesTotal: number;
  readonly bytesDone: number;
  readonly blobsTotal: number;
  readonly blobsDone: number;
}

/** Counts what a copy has to do and has done; a blob that starts over never counts twice. */
export class ProgressMeter {
  #bytesTotal = 0;
  #bytesDone = 0;
  #blobsTotal = 0;
  #blobsDone = 0;
  readonly #onProgress: (progress: CopyProgress) => void;

  constructor(onProgress: (progress: CopyProgress) => void) {
    this.#onProgress = onProgress;
  }

  /** Announces a blob of `size` bytes; the result takes its bytes as they move and its end. */
  blob(size: number): { moved(count: number): void; done(): void } {
    this.#bytesTotal += size;
    this.#blobsTotal += 1;
    this.#report();
    let counted = 0;
    const add = (count: number) => {
      const within = Math.min(count, size - counted);
      counted += within;
      this.#bytesDone += within;
    };
    return {
      moved: (count) => {
        add(count);
        this.#report();
      },
      done: () => {
        add(size - counted);
        this.#blobsDone += 1;
        this.#report();
      },
    };
  }

  #report(): void {
    this.#onProgress({
      bytesTotal: this.#bytesTotal,
      bytesDone: this.#bytesDone,
      blobsTotal: this.#blobsTotal,
      blobsDone: this.#blobsDone,
    });
  }
}
