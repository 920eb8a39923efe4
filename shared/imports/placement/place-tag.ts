import { type Digest, formatReference, type TagReference } from '../../content/index.ts';
import { describePlacer, type TagRecord, tagKey } from '../ledger/index.ts';
import { describeCopy } from './describe-copy.ts';
import {
  type Placement,
  type PlacementOptions,
  type PlacementOrder,
  placeContent,
  type WantedTag,
} from './place-content.ts';

/** "Make this target tag be this content." */
export type TagPlacementOrder = Omit<PlacementOrder, 'target' | 'tags'> &
  Omit<WantedTag, 'tag'> & { readonly target: TagReference };

export interface TagPlacement {
  /** `unchanged`: there was nothing to do, or something observed later is there. */
  readonly state: 'succeeded' | 'unchanged';
  /** What the tag names now, as far as this placement had a say in it. */
  readonly digest: Digest;
  /** One sentence for people. */
  readonly detail: string;
  readonly copy: Placement['copy'];
}

/**
 * Copies content and makes one tag name it, as `placeContent` does.
 * @throws TagExistsError, PolicyError when a guard refuses, and whatever the copy or the ledger throws
 */
export async function placeTag(
  { target, observedAt, seen, ...order }: TagPlacementOrder,
  options: PlacementOptions,
): Promise<TagPlacement> {
  const { tag, ...repository } = target;
  const wanted = { tag, observedAt, seen };
  const { copy, tags } = await placeContent({ ...order, target: repository, tags: [wanted] }, options);
  const [end] = tags;
  const name = formatReference(target);
  if (end?.end === 'superseded') {
    const record = await options.ledger?.tags.get(tagKey(target));
    const detail = `${name} was given to content observed later than ${observedAt}${placedBy(record)}`;
    return { state: 'unchanged', digest: order.root, detail, copy };
  }
  const digest = copy?.root.digest ?? order.root;
  const copied = copy ? copy.manifests.copied + copy.referrers.copied : 0;
  if (!copy || (end?.end === 'already-current' && copied === 0))
    return { state: 'unchanged', digest, detail: `${name} is ${digest} already`, copy };
  return { state: 'succeeded', digest, detail: describeCopy(copy), copy };
}

/** Who placed what is there, where that was not a job. */
function placedBy(record: TagRecord | undefined): string {
  if (!record?.placedBy || record.placedBy === 'job') return '';
  // A later move has begun, and who placed the last one says nothing of it.
  if (record.digestObservedAt !== record.observedAt) return '';
  return `: ${describePlacer(record.placedBy, record.reference)} placed it at ${record.placedAt}`;
}
