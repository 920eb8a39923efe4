import pLimit, { type LimitFunction } from 'p-limit';
import { type Descriptor, isNonDistributable } from '../../content/index.ts';
import type { ContentSource, ContentTarget } from './content-ports.ts';
import type { CopyOptions } from './copy-options.ts';
import { ProgressMeter } from './copy-progress.ts';
import type { CopyTasks } from './copy-tasks.ts';

const BLOBS_AT_ONCE = 12;

/** The blobs of one copy: each distinct one once, some at a time, mounted where the target has it elsewhere. */
export class BlobCopy {
  readonly counts = { uploaded: 0, mounted: 0, existing: 0, foreign: 0 };
  readonly #source: ContentSource;
  readonly #target: ContentTarget;
  readonly #options: CopyOptions;
  readonly #signal: AbortSignal;
  readonly #tasks: CopyTasks;
  readonly #meter: ProgressMeter;
  readonly #slots: LimitFunction = pLimit(BLOBS_AT_ONCE);
  #bytesUploaded = 0;

  constructor(
    source: ContentSource,
    target: ContentTarget,
    options: CopyOptions,
    signal: AbortSignal,
    tasks: CopyTasks,
  ) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#signal = signal;
    this.#tasks = tasks;
    this.#meter = new ProgressMeter(options.onProgress ?? (() => {}));
  }

  get bytesUploaded(): number {
    return this.#bytesUploaded;
  }

  /** The same bytes may be a foreign layer of one image and an ordinary layer of another, which needs them pushed. */
  copy(blob: Descriptor): Promise<void> {
    return isNonDistributable(blob.mediaType)
      ? this.#tasks.run(`foreign ${blob.digest}`, async () => {
          this.counts.foreign += 1;
        })
      : this.#tasks.run(`blob ${blob.digest}`, () => this.#push(blob));
  }

  async #push(blob: Descriptor): Promise<void> {
    const signal = this.#signal;
    const { mounts } = this.#options;
    const progress = this.#meter.blob(blob.size);
    await this.#slots(async () => {
      signal.throwIfAborted();
      const mountFrom = this.#options.mountFrom ?? (await mounts?.find(blob, signal));
      const outcome = await this.#target.pushBlob(blob, () => this.#source.openBlob(blob, { signal }), {
        signal,
        mountFrom,
        isNew: await this.#options.isNew,
        onBytes: progress.moved,
      });
      mounts?.note(blob, outcome, mountFrom);
      this.counts[outcome] += 1;
      if (outcome === 'uploaded') this.#bytesUploaded += blob.size;
    });
    progress.done();
  }
}
