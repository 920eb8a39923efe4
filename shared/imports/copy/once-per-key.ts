import { InvalidInputError } from '../../errors.ts';

/** Manifests plus blobs of one copy. */
const MAX_NODES = 50_000;

/** One piece of work per key, however many parents name it. */
export class OncePerKey {
  readonly #underWay = new Map<string, Promise<void>>();

  /** Starts the work, or joins what was started under the key before. */
  run(key: string, work: () => Promise<void>): Promise<void> {
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    if (this.#underWay.size >= MAX_NODES) {
      return Promise.reject(
        new InvalidInputError('E_MANIFEST', `The image consists of more than ${MAX_NODES} parts.`),
      );
    }
    const started = work();
    this.#underWay.set(key, started);
    return started;
  }

  /** Resolves when everything started has ended, however it did. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay.values());
  }
}
