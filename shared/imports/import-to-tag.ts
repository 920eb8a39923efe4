import {
  type Digest,
  formatReference,
  type ManifestContent,
  type Platform,
  parseManifest,
  type TagReference,
} from '../content/index.ts';
import type { Records } from '../records.ts';
import type { ContentSource, ContentTarget } from './copy/content-ports.ts';
import { copyGraph } from './copy/copy-graph.ts';
import type { CopyOptions } from './copy/copy-options.ts';
import { type BlobRecord, MountSourceIndex } from './copy/mount-source-index.ts';
import { describeCopy } from './describe-copy.ts';
import { commitTag, isSuperseded, type TagMoveOptions, type TagRecord, tagKey } from './ledger/tag-ledger.ts';

/** "Make this target tag be this content", with the time that orders it among others for the same tag. */
export interface TagImport {
  readonly source: ContentSource;
  readonly root: Digest;
  readonly to: ContentTarget;
  readonly target: TagReference;
  /** When the content was first seen, ISO 8601. */
  readonly observedAt: string;
  readonly platforms?: readonly Platform[] | undefined;
}

export interface TagImportRecords {
  readonly tags: Records<TagRecord>;
  /** Where target registries hold large blobs. */
  readonly blobs: Records<BlobRecord>;
}

export interface TagImportOutcome {
  readonly state: 'succeeded' | 'unchanged';
  /** One sentence for people. */
  readonly detail: string;
}

export type TagImportOptions = Pick<CopyOptions, 'mountFrom' | 'referrers' | 'onProgress' | 'signal'> &
  Pick<TagMoveOptions, 'now' | 'wait'>;

/**
 * Copies content and moves the target tag to it, unless something observed later is there. Convergent: run twice,
 * late, or beside another import of the same tag, the end state is the same.
 */
export async function importToTag(
  { source, root, to, target, observedAt, platforms }: TagImport,
  { tags, blobs }: TagImportRecords,
  { now, wait, ...copy }: TagImportOptions = {},
): Promise<TagImportOutcome> {
  const name = formatReference(target);
  const superseded = {
    state: 'unchanged',
    detail: `${name} was given to content observed later than ${observedAt}`,
  } as const;
  if (isSuperseded(await tags.get(tagKey(target)), { observedAt })) return superseded;

  let tag = 'right' as TagEnd;
  const publish = async (content: ManifestContent, signal: AbortSignal) => {
    const push = async (pushSignal: AbortSignal) => {
      const there = await to.resolve(target.tag, { signal: pushSignal });
      if (there?.digest === content.digest) return;
      await to.pushManifest(target.tag, content, { signal: pushSignal });
      tag = 'pushed';
    };
    const manifest = parseManifest(content);
    const children = manifest.kind === 'index' ? manifest.manifests.length : 0;
    const move = { target, digest: content.digest, observedAt, children };
    const outcome = await commitTag(tags, move, push, { signal, now, wait });
    if (outcome === 'superseded') tag = outcome;
  };
  const mounts = new MountSourceIndex(blobs, target);
  const result = await copyGraph(source, to, root, { ...copy, platforms, publish, mounts });
  await mounts.flush();
  if (tag === 'superseded') return superseded;
  if (tag === 'right' && result.manifests.copied + result.referrers.copied === 0) {
    return { state: 'unchanged', detail: `${name} is ${result.root.digest} already` };
  }
  return { state: 'succeeded', detail: describeCopy(result) };
}

/** What became of the tag: it was right, it was moved, or it belongs to something observed later. */
type TagEnd = 'right' | 'pushed' | 'superseded';
