import {
  type Digest,
  formatReference,
  isTag,
  type Platform,
  type RepositoryName,
  type TagReference,
} from '../../content/index.ts';
import { TagExistsError } from '../../errors.ts';
import { type ContentSource, type ContentTarget, trimmedDigest } from '../../imports/index.ts';

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * A target in which a tag that names other content stays: pushing to it is a TagExistsError. A registry has no
 * conditional PUT, so a tag that another program pushes within the same moment may still be moved.
 */
export function keepTags<Target extends ContentTarget>(
  to: Target,
  { registry, repository }: RepositoryName,
): Target {
  return {
    ...to,
    async pushManifest(tagOrDigest, content, options) {
      if (isTag(tagOrDigest)) {
        const target = { registry, repository, tag: tagOrDigest };
        const there = await to.resolve(tagOrDigest, options);
        if (there && there.digest !== content.digest) throw taken(target, there.digest, content.digest);
      }
      return await to.pushManifest(tagOrDigest, content, options);
    },
  };
}

/**
 * Looks before anything is copied. Where partial indexes are refused, a platform subset has a digest of its own.
 * @throws TagExistsError when the tag names other content
 */
export async function refuseOtherContent(
  to: Pick<ContentTarget, 'resolve'>,
  target: TagReference,
  wanted: {
    readonly source: ContentSource;
    readonly root: Digest;
    readonly platforms: readonly Platform[] | undefined;
  },
  { signal }: CallOptions = {},
): Promise<void> {
  const there = await to.resolve(target.tag, { signal });
  if (!there || there.digest === wanted.root) return;
  const { source, root, platforms } = wanted;
  if (there.digest === (await trimmedDigest(source, root, { platforms, signal }))) return;
  throw taken(target, there.digest, root);
}

function taken(target: TagReference, there: Digest, wanted: Digest): TagExistsError {
  return new TagExistsError(
    `${formatReference(target)} exists and is ${there}, not ${wanted}. The tag was left as it is; OverwriteTags (--overwrite-tags) moves it.`,
  );
}
