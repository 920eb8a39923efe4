import type { Digest, Platform, RepositoryName } from '../content/index.ts';
import type { Records } from '../records.ts';
import type { ContentSource, ContentTarget } from './copy/content-ports.ts';
import { copyGraph } from './copy/copy-graph.ts';
import type { CopyOptions } from './copy/copy-options.ts';
import { type BlobRecord, MountSourceIndex } from './copy/mount-source-index.ts';

/** "Have this content in that repository", under no tag. */
export interface DigestImport {
  readonly source: ContentSource;
  readonly root: Digest;
  readonly to: ContentTarget;
  readonly target: RepositoryName;
  readonly platforms?: readonly Platform[] | undefined;
}

/**
 * Copies content that is known by its digest only. There is no order among such imports: what is there is right.
 * Resolves to the digest it is there under, which is another one where the target refuses a partial index.
 */
export async function importByDigest(
  { source, root, to, target, platforms }: DigestImport,
  blobs: Records<BlobRecord>,
  options: Pick<CopyOptions, 'onProgress' | 'signal'> = {},
): Promise<Digest> {
  const mounts = new MountSourceIndex(blobs, target);
  const copied = await copyGraph(source, to, root, { ...options, platforms, mounts });
  await mounts.flush();
  return copied.root.digest;
}
