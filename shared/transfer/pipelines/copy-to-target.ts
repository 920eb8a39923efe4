import type { Digest, Platform } from '../../content/index.ts';
import { type ContentSource, type ContentTarget, type CopyProgress, copyGraph } from '../../imports/index.ts';
import type { ArtifactTarget } from '../import/index.ts';
import { keepTags, refuseOtherContent } from './keep-tags.ts';

export interface CopyToTargetOptions {
  readonly platforms?: readonly Platform[] | undefined;
  readonly overwrites: boolean;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CopiedToTarget {
  readonly state: 'succeeded' | 'unchanged';
  /** What the tag names now, or what is there without one. */
  readonly digest: Digest;
  readonly bytesUploaded: number;
}

/**
 * Copies an artifact and makes the tag name it, if it is to have one, at once and without records: for a command, where
 * nobody else moves the tag.
 * @throws TagExistsError when the tag names other content and may not be moved
 */
export async function copyToTarget(
  source: ContentSource,
  root: Digest,
  to: ContentTarget,
  target: ArtifactTarget,
  { platforms, overwrites, onProgress, signal }: CopyToTargetOptions,
): Promise<CopiedToTarget> {
  if (!overwrites && target.tag !== undefined)
    await refuseOtherContent(to, target, { source, root, platforms }, { signal });
  let moved = false;
  const guarded = overwrites ? to : keepTags(to, target);
  const result = await copyGraph(source, to, root, {
    platforms,
    onProgress,
    signal,
    publish: async (content, copySignal) => {
      const name = target.tag ?? content.digest;
      const there = await to.resolve(name, { signal: copySignal });
      if (there?.digest === content.digest) return;
      await guarded.pushManifest(name, content, { signal: copySignal });
      moved = true;
    },
  });
  const copied = result.manifests.copied + result.referrers.copied;
  return {
    state: moved || copied > 0 ? 'succeeded' : 'unchanged',
    digest: result.root.digest,
    bytesUploaded: result.bytesUploaded,
  };
}
