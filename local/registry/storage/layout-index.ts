import {
  type Descriptor,
  type Digest,
  isDigest,
  REF_NAME_ANNOTATION,
} from '../../../shared/content/index.ts';
import type { ManifestMetadata } from '../../../shared/distribution-server/index.ts';

/** Tags and manifests of one repository, in memory. The `index.json` of its layout is this, written down. */
export class LayoutIndex {
  readonly #manifests = new Map<Digest, ManifestMetadata>();
  readonly #tags = new Map<string, Digest>();

  /** In ASCII order, which is the order `sort` gives text. */
  tags(): string[] {
    return [...this.#tags.keys()].sort();
  }

  find(tagOrDigest: string): ManifestMetadata | undefined {
    const digest = isDigest(tagOrDigest) ? tagOrDigest : this.#tags.get(tagOrDigest);
    return digest && this.#manifests.get(digest);
  }

  /** Descriptors of the manifests whose subject is `digest`, whether or not that one is here. */
  referrers(digest: Digest): Descriptor[] {
    return [...this.#manifests.values()].filter((m) => m.subject === digest).map((m) => m.descriptor);
  }

  put(metadata: ManifestMetadata, tag: string | undefined): void {
    this.#manifests.set(metadata.descriptor.digest, metadata);
    if (tag !== undefined) this.#tags.set(tag, metadata.descriptor.digest);
  }

  /** `false` when there is no such tag. Its manifest stays. */
  removeTag(tag: string): boolean {
    return this.#tags.delete(tag);
  }

  /** Removes a manifest with all its tags; `false` when there is none. */
  removeManifest(digest: Digest): boolean {
    for (const [tag, tagged] of this.#tags) if (tagged === digest) this.#tags.delete(tag);
    return this.#manifests.delete(digest);
  }

  /** What `index.json` lists: one entry for each tag, and one without a name for each manifest that has no tag. */
  entries(): Descriptor[] {
    const untagged = new Map(this.#manifests);
    const tagged: Descriptor[] = [];
    for (const tag of this.tags()) {
      const metadata = this.find(tag);
      if (!metadata) continue;
      untagged.delete(metadata.descriptor.digest);
      tagged.push({ ...plain(metadata), annotations: { [REF_NAME_ANNOTATION]: tag } });
    }
    return [...tagged, ...[...untagged.values()].map(plain)];
  }
}

function plain({ descriptor: { mediaType, digest, size } }: ManifestMetadata): Descriptor {
  return { mediaType, digest, size };
}
