import pLimit, { type LimitFunction } from 'p-limit';
import type { Descriptor, RepositoryName } from '../../content/index.ts';
import { type ContentTarget, type CopyProgress, ProgressMeter } from '../copy/index.ts';

/** Each holds a connection on both sides, which may be the same host: not more than half of those it is given. */
const BLOBS_AT_ONCE = 8;

type Blob = Pick<Descriptor, 'digest' | 'size'>;
type BlobOutcome = Awaited<ReturnType<ContentTarget['pushBlob']>>;

/** One blob that one copy wants in one repository. */
export interface BlobWish {
  readonly blob: Blob;
  readonly source: RepositoryName;
  readonly target: RepositoryName;
  /** Ends this copy only; what others wait for one of them goes on with. */
  readonly signal: AbortSignal | undefined;
  /** Does it. `sibling` is a repository of the target's registry that has got the blob. */
  readonly push: (sibling: string | undefined, onBytes: (count: number) => void) => Promise<BlobOutcome>;
}

/**
 * The blobs of many copies. Into each registry a distinct blob is sent once: its other repositories mount it, and
 * later users in the same repository find it there without a request. What failed is not tried again.
 */
export class SharedBlobs {
  /** Of what target registries were asked for. */
  readonly counts = { uploaded: 0, mounted: 0, existing: 0 };
  readonly #meter: ProgressMeter;
  readonly #slots: LimitFunction = pLimit(BLOBS_AT_ONCE);
  /** By registry and digest the repositories that have the blob, in the order in which they got it. */
  readonly #holders = new Map<string, Set<string>>();
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, unknown>();
  #bytesUploaded = 0;

  constructor(onProgress: ((progress: CopyProgress) => void) | undefined) {
    this.#meter = new ProgressMeter(onProgress ?? (() => {}));
  }

  get bytesUploaded(): number {
    return this.#bytesUploaded;
  }

  /** @throws what `push` throws, now or before for the same blob between the same repositories; the signal's reason */
  async get(wish: BlobWish): Promise<BlobOutcome> {
    const { blob, source, target, signal } = wish;
    const key = `${target.registry} ${blob.digest}`;
    const failureKey = `${key} ${target.repository} ${source.registry}/${source.repository}`;
    for (;;) {
      signal?.throwIfAborted();
      const holders = this.#holders.get(key);
      if (holders?.has(target.repository)) return 'existing';
      if (this.#failures.has(failureKey)) throw this.#failures.get(failureKey);
      // Once one repository has it, the others mount it side by side.
      const lane = holders ? `${key} ${target.repository}` : key;
      const other = this.#underWay.get(lane);
      if (other === undefined) return await this.#inLane(lane, () => this.#push(wish, key, failureKey));
      await other;
    }
  }

  /** While it is under way the lane is taken; the wait for it never fails. */
  async #inLane(lane: string, work: () => Promise<BlobOutcome>): Promise<BlobOutcome> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#underWay.set(lane, promise);
    try {
      return await work();
    } finally {
      this.#underWay.delete(lane);
      resolve();
    }
  }

  async #push(
    { blob, target, signal, push }: BlobWish,
    key: string,
    failureKey: string,
  ): Promise<BlobOutcome> {
    const progress = this.#meter.blob(blob.size);
    try {
      const outcome = await this.#slots(async () => {
        signal?.throwIfAborted();
        const [sibling] = this.#holders.get(key) ?? [];
        return await push(sibling, progress.moved);
      });
      this.counts[outcome] += 1;
      if (outcome === 'uploaded') this.#bytesUploaded += blob.size;
      const holders = this.#holders.get(key) ?? new Set();
      this.#holders.set(key, holders.add(target.repository));
      return outcome;
    } catch (error) {
      // A copy that was given up says nothing about its blobs.
      if (!signal?.aborted) this.#failures.set(failureKey, error);
      throw error;
    } finally {
      progress.done();
    }
  }
}
