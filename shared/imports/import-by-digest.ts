import type { Digest, Platform, RepositoryName } from '../content/index.ts';
import type { Records } from '../records.ts';
import { type CopyOptions, copyGraph } from './copy/copy-graph.ts';
import { type BlobRecord, MountMap } from './mount-map.ts';
import type { ContentSource, ContentTarget } from './ports.ts';

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
  const mounts = new MountMap(blobs, target);
  const copied = await copyGraph(source, to, root, { ...options, platforms, mounts });
  await mounts.flush();
  return copied.root.digest;
}
