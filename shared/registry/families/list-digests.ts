import { isDigest, isTag } from '../../content/index.ts';
import { display, type RepositoryContext, scopeFor } from '../endpoint/repository-context.ts';
import type { DigestPage, PageOptions, RegistryFamily, TagDigest } from '../types.ts';
import { acrListing } from './acr.ts';
import { dockerHubListing } from './docker-hub.ts';
import { listingSupport } from './family.ts';
import { githubListing } from './github.ts';
import { googleListing } from './google.ts';
import { harborListing } from './harbor.ts';
import type { DigestListing, ListedRow } from './listing.ts';
import { quayListing } from './quay.ts';
import { type PagedTask, readPages, tooLarge } from './read-pages.ts';

const MAX_ROWS = 200_000;

const LISTINGS: Readonly<Record<RegistryFamily, DigestListing>> = {
  'docker-hub': dockerHubListing,
  acr: acrListing,
  quay: quayListing,
  harbor: harborListing,
  github: githubListing,
  google: googleListing,
};

/** See `Repository.listDigests`. */
export function listDigests(
  context: RepositoryContext,
  configured: RegistryFamily | undefined,
  options: PageOptions = {},
): AsyncIterable<DigestPage> | undefined {
  const { family } = listingSupport(context.name.registry, configured);
  return family && listPages(context, LISTINGS[family], options);
}

async function* listPages(
  context: RepositoryContext,
  listing: DigestListing,
  options: PageOptions,
): AsyncGenerator<DigestPage, void, undefined> {
  const task = taskFor(context, listing);
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

function taskFor(context: RepositoryContext, listing: DigestListing): PagedTask {
  return {
    endpoint: context.endpoint,
    what: `list the tags of ${display(context)} with their digests`,
    things: 'tags',
    scopes: [scopeFor(context, 'list')],
    firstPages: listing.firstPages(context.name.repository),
    adviceForMany: 'Name the tags to watch exactly: then they are asked for one by one.',
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
