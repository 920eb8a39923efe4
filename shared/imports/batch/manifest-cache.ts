import type { Digest, ManifestContent } from '../../content/index.ts';
import { OncePerKey } from '../../memo.ts';

/** Holds some thousand manifests. One that was dropped costs another pull if it is read again. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Manifests read from sources, each distinct one once: registries count every read as a pull. Readers join a read under
 * way; a failure is not kept. Content is addressed by its digest, so the repository it is from does not matter.
 */
export class ManifestCache {
  readonly #reads = new OncePerKey<Digest, ManifestContent>({ keepFailures: false });
  readonly #sizes = new Map<Digest, number>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get(digest: Digest, read: () => Promise<ManifestContent>): Promise<ManifestContent> {
    return this.#reads.run(digest, async () => {
      const content = await read();
      this.#keep(digest, content.bytes.byteLength);
      return content;
    });
  }

  /** Drops what was read first until the rest fits. */
  #keep(digest: Digest, size: number): void {
    this.#sizes.set(digest, size);
    this.#bytes += size;
    for (const [oldest, bytes] of this.#sizes) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#sizes.delete(oldest);
      this.#reads.forget(oldest);
      this.#bytes -= bytes;
    }
  }
}
