import type { Digest } from '../../content/index.ts';
import type { KnownObservations } from '../observations/index.ts';
import type { TagSelector } from '../selection/index.ts';
import type { Disagreement } from '../watches/index.ts';
import type { UpstreamListing } from './upstream-listing.ts';

export interface TagChoice {
  /** Tags that upstream has or may have. */
  readonly ask: ReadonlySet<string>;
  /** Tags found gone earlier that there is no sign of. */
  readonly stillGone: ReadonlySet<string>;
  /** Include rules that match no listed tag. */
  readonly unmatched: readonly string[];
}

/**
 * The tags named exactly, those selected from the listing, and those copied earlier that the listing lacks, because a
 * listing can be stale. One found gone before that is still not listed is not asked about.
 */
export function chooseTags(
  upstream: UpstreamListing,
  selector: TagSelector,
  known: KnownObservations,
): TagChoice {
  const { exactTags } = selector;
  const listed = new Set(upstream.tags.map(({ tag }) => tag));
  const selection = selector.select(upstream.tags);
  const ask = new Set([...exactTags, ...selection.selected]);
  const stillGone = new Set<string>();
  for (const [tag, { isPresent }] of known.tags()) {
    if (ask.has(tag) || (listed.has(tag) && upstream.extent === 'all')) continue;
    if (isPresent) ask.add(tag);
    else stillGone.add(tag);
  }
  const unmatched = upstream.extent === 'all' ? selection.unmatched : [];
  return { ask, stillGone, unmatched: unmatched.filter((rule) => !exactTags.includes(rule)) };
}

/**
 * What needs no HEAD: tags that are, by the listing or its silence, what every target was given, and tags that were
 * gone and are not listed. `undefined`: gone.
 */
export function resolveByListing(
  tags: ReadonlySet<string>,
  { rows, extent, tags: listedTags }: UpstreamListing,
  known: KnownObservations,
): ReadonlyMap<string, Digest | undefined> {
  const resolvedByListing = new Map<string, Digest | undefined>();
  const listed = new Set(listedTags.map(({ tag }) => tag));
  const copied = known.tags();
  for (const tag of tags) {
    const digest = known.digestInEach(tag);
    const isAsBefore = extent === 'moved' && !listed.has(tag);
    if (digest !== undefined && (isAsBefore || rows.get(tag)?.digest === digest)) {
      resolvedByListing.set(tag, digest);
    } else if (!listed.has(tag) && extent !== 'none') {
      const wasPresent = copied.get(tag)?.isPresent;
      if (wasPresent === false || (isAsBefore && wasPresent === undefined))
        resolvedByListing.set(tag, undefined);
    }
  }
  return resolvedByListing;
}

/** Where listing and HEADs differ. */
export function compare(
  { rows, extent, tags }: UpstreamListing,
  found: ReadonlyMap<string, { readonly digest: Digest } | undefined>,
): readonly Disagreement[] {
  const listedTags = new Set(tags.map(({ tag }) => tag));
  const disagreements: Disagreement[] = [];
  for (const [tag, answer] of found) {
    const head = answer?.digest;
    const listed = rows.get(tag)?.digest;
    const isListed = listedTags.has(tag);
    const saysNothing = !isListed && extent !== 'all';
    const agrees = listed === undefined ? isListed === (head !== undefined) : listed === head;
    if (!saysNothing && !agrees) {
      disagreements.push({ tag, ...(listed && { listed }), ...(head && { head }) });
    }
  }
  return disagreements;
}
