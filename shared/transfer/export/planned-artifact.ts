import {
  type Descriptor,
  type Digest,
  type ManifestContent,
  type Platform,
  parseDigestTag,
  parseReference,
} from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';
import { type ContentSource, copyGraph, type ReferrerTarget } from '../../imports/index.ts';
import type { CatalogReferrer } from '../archive/index.ts';

/** An artifact with its content and referrers: manifests read, blobs only listed. */
export interface PlannedArtifact {
  readonly name: string;
  readonly root: Descriptor;
  readonly source: ContentSource;
  readonly manifests: ReadonlyMap<Digest, ManifestContent>;
  /** Sizes of configs and layers. Layers that registries do not hold are not among them. */
  readonly blobs: ReadonlyMap<Digest, number>;
  readonly referrers: readonly CatalogReferrer[];
}

export interface PlanOptions {
  readonly platforms?: readonly Platform[] | undefined;
  readonly referrers?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists the content of an artifact by copying it into a target that records manifests and reports every blob
 * as existing. Platforms, referrers and limits are those of every other copy.
 * @throws InvalidInputError for an artifact that cannot be copied, and what the source throws
 */
export async function planArtifact(
  { name, source, root }: { readonly name: string; readonly source: ContentSource; readonly root: Digest },
  options: PlanOptions,
): Promise<PlannedArtifact> {
  const { digest } = parseReference(name);
  if (digest !== undefined && digest !== root) {
    throw new InvalidInputError('E_ARGUMENT', `"${name}" is to name ${root}, which is another digest.`);
  }
  const wanted = new WantedContent();
  const { root: descriptor } = await copyGraph(source, wanted, root, options);
  const { manifests, blobs, attached: referrers } = wanted;
  return { name, root: descriptor, source, manifests, blobs, referrers };
}

class WantedContent implements ReferrerTarget {
  readonly manifests = new Map<Digest, ManifestContent>();
  readonly blobs = new Map<Digest, number>();
  readonly attached: CatalogReferrer[] = [];

  async resolve(): Promise<undefined> {
    return undefined;
  }

  async fetchManifest(digest: string): Promise<ManifestContent> {
    throw new InvalidInputError('E_ARGUMENT', `${digest} is not to be read from the archive to be.`);
  }

  async pushManifest(tagOrDigest: string, content: ManifestContent) {
    this.manifests.set(content.digest, content);
    const { subject, suffix } = parseDigestTag(tagOrDigest) ?? {};
    if (subject && suffix) this.attached.push({ subject, tag: tagOrDigest, ...withoutBytes(content) });
    return { subject: undefined };
  }

  async pushBlob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<'existing'> {
    const known = this.blobs.get(digest) ?? size;
    if (known !== size) {
      throw new InvalidInputError('E_MANIFEST', `${digest} is said to be ${known} and ${size} bytes long.`);
    }
    this.blobs.set(digest, size);
    return 'existing';
  }

  async referrers(): Promise<readonly Descriptor[]> {
    return [];
  }

  async addReferrers(subject: Digest, contents: readonly ManifestContent[]): Promise<void> {
    for (const content of contents) this.attached.push({ subject, ...withoutBytes(content) });
  }
}

function withoutBytes({ mediaType, digest, size }: ManifestContent) {
  return { mediaType, digest, size };
}
