import type { DigestPage, TagDigest } from '../../registry/index.ts';

/** What a digest listing told, and of which tags that is all there is to tell. */
export interface DigestListing {
  readonly rows: ReadonlyMap<string, TagDigest>;
  /**
   * `all`: every tag of the repository. `moved`: at least those that were moved since the time asked for. `part`: the
   * rest is cheaper to be asked for by HEAD.
   */
  readonly extent: 'all' | 'moved' | 'part';
  /** When the tag that was moved last was moved; `undefined` where the listing does not go by that. */
  readonly movedUntil: Date | undefined;
}

export interface DigestReading {
  /** Tags beside which nothing needs to be seen; `undefined`: any tag may be wanted. */
  readonly wanted?: ReadonlySet<string> | undefined;
  /** Tags moved before this are known. */
  readonly movedSince?: Date | undefined;
  /** Further pages are not worth it; asked for pages in no known order, when any tag may be wanted. */
  readonly maxUnordered?: number | undefined;
}

/**
 * Reads a listing as far as it is cheaper than HEADs: for tags wanted by name, no more pages than there are tags still
 * to be seen. A page costs a request as a HEAD does.
 * @throws what the listing throws
 */
export async function readDigests(
  pages: AsyncIterable<DigestPage>,
  { wanted, movedSince, maxUnordered = Number.POSITIVE_INFINITY }: DigestReading,
): Promise<DigestListing> {
  const rows = new Map<string, TagDigest>();
  const missing = wanted && new Set(wanted);
  let isByTime = true;
  let movedUntil = 0;
  let count = 0;
  const listing = (extent: DigestListing['extent']): DigestListing => ({
    rows,
    extent,
    movedUntil: isByTime && movedUntil > 0 ? new Date(movedUntil) : undefined,
  });
  for await (const { tags, isLast, restMovedUntil } of pages) {
    count += 1;
    for (const row of tags) {
      missing?.delete(row.tag);
      movedUntil = Math.max(movedUntil, row.updatedAt?.getTime() ?? 0);
      if (!wanted || wanted.has(row.tag)) rows.set(row.tag, row);
    }
    isByTime &&= restMovedUntil !== undefined;
    if (isLast) return listing('all');
    if (movedSince && restMovedUntil && restMovedUntil < movedSince) return listing('moved');
    if (missing && count >= missing.size) return listing('part');
    if (!missing && !restMovedUntil && count >= maxUnordered) return listing('part');
  }
  return listing('all');
}
