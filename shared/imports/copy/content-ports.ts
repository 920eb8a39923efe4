import type { Descriptor, Digest, ManifestContent } from '../../content/index.ts';

export interface ContentCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Somewhere content can be read from by digest: a registry repository, an archive, a folder. */
export interface ContentSource {
  fetchManifest(digest: string, options?: ContentCallOptions): Promise<ManifestContent>;
  /** Streams a blob; the iteration ends normally only if every byte was right. */
  openBlob(
    blob: Pick<Descriptor, 'digest' | 'size'>,
    options?: ContentCallOptions,
  ): Promise<AsyncIterable<Uint8Array>>;
}

/** A source that knows what was attached to a manifest after it was made: signatures, SBOMs, attestations. */
export interface ReferrerSource extends ContentSource {
  /** What is listed as referring to `subject`; unread, so it may be wrong. */
  referrers(subject: Digest, options?: ContentCallOptions): Promise<readonly Descriptor[]>;
  /** What is attached by the name of a tag, as cosign does it. */
  cosignTags(
    subject: Digest,
    options?: ContentCallOptions,
  ): Promise<readonly { readonly tag: string; readonly digest: Digest }[]>;
}

/** Somewhere content can be put. A `Repository` of the registry client is both source and target. */
export interface ContentTarget {
  /** What a tag or digest names there; `undefined` when nothing. */
  resolve(tagOrDigest: string, options?: ContentCallOptions): Promise<Descriptor | undefined>;
  /** `false`: it says that there is no such repository, or that it holds blobs only. Absent: it cannot be asked. */
  mayExist?(options?: ContentCallOptions): Promise<boolean>;
  /** Reads back what is already there, so that no pull is spent at the source on it. */
  fetchManifest(digest: string, options?: ContentCallOptions): Promise<ManifestContent>;
  pushManifest(
    tagOrDigest: string,
    content: ManifestContent,
    options?: ContentCallOptions,
  ): Promise<{
    /** The subject under which the target lists the manifest automatically; `undefined`: it does not. */
    readonly subject: Digest | undefined;
  }>;
  /**
   * The media type lets a target tell an image's config, which no other image has, from a layer. What `open` streams
   * is given away: the memory of what was sent may be used again.
   */
  pushBlob(
    blob: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>,
    open: () => Promise<AsyncIterable<Uint8Array>>,
    options?: ContentCallOptions & {
      readonly mountFrom?: string | undefined;
      /** The target is known to hold nothing: what is small need not be asked for. */
      readonly isNew?: boolean | undefined;
      readonly onBytes?: ((count: number) => void) | undefined;
    },
  ): Promise<'existing' | 'mounted' | 'uploaded'>;
}

/** A target that lists what refers to a manifest. */
export interface ReferrerTarget extends ContentTarget, Pick<ReferrerSource, 'referrers'> {
  /** Lists manifests, pushed before, as referrers of `subject`, where the target does not do it automatically. */
  addReferrers(
    subject: Digest,
    referrers: readonly ManifestContent[],
    options?: ContentCallOptions,
  ): Promise<void>;
}
