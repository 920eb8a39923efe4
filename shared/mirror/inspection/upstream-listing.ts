import type { TagDigest } from '../../registry/index.ts';

/** What is known about upstream's tags before any is asked for by HEAD. */
export interface UpstreamListing {
  /** What the digest listing said, by tag. */
  readonly rows: ReadonlyMap<string, TagDigest>;
  /**
   * `all`: `tags` are all there are. `moved`: tags that are not in `rows` are as they were. `none`: of tags that are
   * not in `rows` nothing is known.
   */
  readonly extent: 'all' | 'moved' | 'none';
  /** Tags that upstream has, by whichever listing; with `all`, every one. */
  readonly tags: readonly Pick<TagDigest, 'tag' | 'updatedAt'>[];
  readonly movedUntil?: Date | undefined;
  /** Why the digest listing is not to be tried again, and until when. */
  readonly avoid?: { readonly until: Date; readonly reason: string } | undefined;
}
