import type { Digest, Platform } from '../../content/index.ts';
import {
  type ContentSource,
  type ContentTarget,
  keepExisting,
  neverBackwards,
  type PlacementOptions,
  placeContent,
  placeTag,
  type TagGuard,
} from '../../imports/index.ts';
import type { ArtifactTarget } from '../import/index.ts';

/** An artifact of an archive, and where it belongs. */
export interface ArtifactOrder {
  readonly source: ContentSource;
  readonly root: Digest;
  readonly platforms?: readonly Platform[] | undefined;
  readonly to: ContentTarget;
  readonly target: ArtifactTarget;
  /** When the archive was made, ISO 8601: orders moves of the tag in the ledger, where there is one. */
  readonly observedAt?: string | undefined;
}

export interface CopyToTargetOptions
  extends Pick<PlacementOptions, 'ledger' | 'blobs' | 'onProgress' | 'signal' | 'now' | 'wait'> {
  /** Move a tag that names other content; otherwise that is a `TagExistsError`. */
  readonly overwrites: boolean;
  /** Policies that a move must pass as well. Default: none. */
  readonly guards?: readonly TagGuard[] | undefined;
}

export interface CopiedToTarget {
  readonly state: 'succeeded' | 'unchanged';
  /** What the tag names now, or what is there without one. */
  readonly digest: Digest;
  /** One sentence for people, about what has a tag. */
  readonly detail?: string | undefined;
  readonly bytesUploaded: number;
}

/**
 * Copies an artifact and makes the tag name it, if it is to have one.
 * @throws TagExistsError when the tag names other content and may not be moved
 */
export async function copyToTarget(
  { target, ...order }: ArtifactOrder,
  { overwrites, guards = [], ...options }: CopyToTargetOptions,
): Promise<CopiedToTarget> {
  const { tag, digest: _, ...repository } = { tag: undefined, digest: undefined, ...target };
  const keeps = keepExisting({ advice: 'OverwriteTags (--overwrite-tags) moves it', attached: true });
  const all = { ...options, guards: [neverBackwards, ...guards, ...(overwrites ? [] : [keeps])] };
  if (tag !== undefined) {
    const { copy, ...placed } = await placeTag({ ...order, target: { ...repository, tag } }, all);
    return { ...placed, bytesUploaded: copy?.bytesUploaded ?? 0 };
  }
  const { copy } = await placeContent({ ...order, target: repository, tags: [] }, all);
  const digest = copy?.root.digest ?? order.root;
  const isUnchanged = !copy || copy.manifests.copied + copy.referrers.copied === 0;
  return {
    state: isUnchanged ? 'unchanged' : 'succeeded',
    digest,
    bytesUploaded: copy?.bytesUploaded ?? 0,
  };
}
