import type { CatalogApi } from './catalog.ts';
import type { ListingApi } from './listing.ts';

/** What one kind of registry has beyond distribution-spec. */
export interface Family {
  /** Whether a host in a reference, in lower case, is a public registry of this kind. Absent: it has no known hosts. */
  readonly isHost?: (host: string) => boolean;
  /** The host of the distribution API of those, when it is not the one in references. */
  readonly apiHost?: string;
  /** The host of the web API of those, when it is not the registry's own. */
  readonly webApiHost?: string;
  /** How it lists tags with their digests. */
  readonly listing: ListingApi;
  /** How it lists repositories. Default: the catalog of the distribution project. */
  readonly catalog?: CatalogApi;
  /** The path that deletes a tag and keeps its manifest. Default: the one of distribution-spec. */
  readonly tagPath?: (repository: string, tag: string) => string;
}
