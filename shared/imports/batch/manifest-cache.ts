import type { Digest, ManifestContent } from '../../content/index.ts';

/** Of some thousand manifests; what falls out costs another pull only when it is wanted again. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Manifests read from sources, each distinct one once: registries count every read as a pull. What is under way is
 * joined; a failure is not kept. Content is addressed by its digest, so it does not matter which repository it is from.
 */
export class ManifestCache {
  readonly #held = new Map<Digest, Promise<ManifestContent>>();
  readonly #sizes = new Map<Digest, number>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get(digest: Digest, read: () => Promise<ManifestContent>): Promise<ManifestContent> {
    const known = this.#held.get(digest);
    if (known !== undefined) return known;
    const reading = read();
    this.#held.set(digest, reading);
    reading.then(
      ({ bytes }) => this.#keep(digest, bytes.byteLength),
      () => this.#held.delete(digest),
    );
    return reading;
  }

  /** Drops what was read first until the rest fits. */
  #keep(digest: Digest, size: number): void {
    this.#sizes.set(digest, size);
    this.#bytes += size;
    for (const [oldest, bytes] of this.#sizes) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#sizes.delete(oldest);
      this.#held.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}
