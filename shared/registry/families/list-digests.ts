import { type Digest, isDigest, isTag } from '../../content/index.ts';
import { operationOf, type PageOptions, type RepositoryContext, scopeFor } from '../endpoint/index.ts';
import type { Family } from './family.ts';
import type { ListedRow } from './listing.ts';
import { type PagedTask, readPages, tooLarge, webApiOrigin } from './read-pages.ts';

const MAX_ROWS = 200_000;

/** A tag as a registry's web API lists it. */
export interface TagDigest {
  readonly tag: string;
  /** What the tag names. Missing where the API gives none or not a digest: `resolve` tells. */
  readonly digest?: Digest;
  /** When the tag was last moved; its manifest's time where the API has only that. */
  readonly updatedAt?: Date;
  readonly mediaType?: string;
}

/** One response of a registry's web API. */
export interface DigestPage {
  /** Those that no page before had. */
  readonly tags: readonly TagDigest[];
  readonly isLast: boolean;
  /**
   * No tag on the following pages was moved later than this. Missing where the API does not list tags by the time they
   * were moved, or has not kept to that order so far.
   */
  readonly restMovedUntil?: Date | undefined;
}

/** See `Repository.listDigests`. */
export function listDigests(
  context: RepositoryContext,
  family: Family | undefined,
  options: PageOptions = {},
): AsyncIterable<DigestPage> | undefined {
  return family && listPages(context, family, options);
}

async function* listPages(
  context: RepositoryContext,
  family: Family,
  options: PageOptions,
): AsyncGenerator<DigestPage, void, undefined> {
  const { listing } = family;
  const task = taskFor(context, family);
  const seen = new Set<string>();
  let count = 0;
  let movedUntil = listing.isByTime ? new Date(8.64e15) : undefined;
  for await (const { rows, next } of readPages(task, listing, options)) {
    const tags: TagDigest[] = [];
    for (const row of rows) {
      movedUntil = movedUntil && row.updatedAt && row.updatedAt <= movedUntil ? row.updatedAt : undefined;
      count += Math.max(1, row.tags.length);
      if (count > MAX_ROWS) throw tooLarge(task, `${MAX_ROWS} of them`);
      for (const tag of row.tags) {
        // Pages shift while tags are pushed: a tag comes again, older than before.
        if (seen.has(tag) || !isTag(tag)) continue;
        seen.add(tag);
        tags.push(toTagDigest(tag, row));
      }
    }
    yield { tags, isLast: next === undefined, restMovedUntil: movedUntil };
  }
}

function taskFor(context: RepositoryContext, family: Family): PagedTask {
  return {
    endpoint: context.endpoint,
    origin: webApiOrigin(family, context.endpoint.origin),
    operation: operationOf(context, 'list tag digests'),
    things: 'tags',
    scopes: [scopeFor(context, 'list')],
    firstPages: family.listing.firstPages(context.name.repository),
    adviceForMany: 'Name the tags to watch exactly: each is then requested separately.',
  };
}

function toTagDigest(tag: string, { digest, updatedAt, mediaType }: ListedRow): TagDigest {
  return {
    tag,
    ...(digest !== undefined && isDigest(digest) && { digest }),
    ...(updatedAt && { updatedAt }),
    ...(mediaType !== undefined && { mediaType }),
  };
}
