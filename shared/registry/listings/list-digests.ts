import { isDigest, isTag } from '../../content/index.ts';
import type { Place } from '../place.ts';
import type { ListDigestsOptions, RegistryFamily, TagDigest } from '../types.ts';
import { acrListing } from './acr.ts';
import { dockerHubListing } from './docker-hub.ts';
import { listingSupport } from './family.ts';
import { githubListing } from './github.ts';
import { googleListing } from './google.ts';
import { harborListing } from './harbor.ts';
import type { DigestListing, ListedRow } from './listing.ts';
import { quayListing } from './quay.ts';
import { readPages, tooLarge } from './read-pages.ts';

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
  place: Place,
  configured: RegistryFamily | undefined,
  options: ListDigestsOptions = {},
): AsyncIterable<TagDigest> | undefined {
  const { family } = listingSupport(place.name.registry, configured);
  return family && listTags(place, LISTINGS[family], options);
}

async function* listTags(
  place: Place,
  listing: DigestListing,
  { wanted, signal }: ListDigestsOptions,
): AsyncGenerator<TagDigest, void, undefined> {
  const missing = wanted && new Set(wanted);
  if (missing?.size === 0) return;
  const seen = new Set<string>();
  let count = 0;
  for await (const rows of readPages(place, listing, { signal })) {
    for (const row of rows) {
      count += Math.max(1, row.tags.length);
      if (count > MAX_ROWS) throw tooLarge(place, `${MAX_ROWS} of them`);
      for (const tag of row.tags) {
        // Pages shift while tags are pushed: a tag comes again, older than before.
        if (seen.has(tag) || !isTag(tag)) continue;
        seen.add(tag);
        yield toTagDigest(tag, row);
        missing?.delete(tag);
        if (missing?.size === 0) return;
      }
    }
  }
}

function toTagDigest(tag: string, { digest, updatedAt, mediaType }: ListedRow): TagDigest {
  return {
    tag,
    ...(digest !== undefined && isDigest(digest) && { digest }),
    ...(updatedAt && { updatedAt }),
    ...(mediaType !== undefined && { mediaType }),
  };
}
