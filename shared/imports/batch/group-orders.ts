import {
  type Digest,
  formatPlatform,
  formatReference,
  type Platform,
  type RepositoryName,
  type TagReference,
} from '../../content/index.ts';

/** "Make this target tag be this content." */
export interface TagOrder {
  readonly source: RepositoryName;
  readonly digest: Digest;
  readonly target: TagReference;
  /** Empty or absent: all. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Copy what is attached as well. Default: true. */
  readonly referrers?: boolean | undefined;
  /** What the target tag names now, as far as that is known. */
  readonly there?: Digest | undefined;
  /** When the content was seen upstream, ISO 8601: orders moves where there is a ledger, which needs it. */
  readonly observedAt?: string | undefined;
}

/** One content that goes into one repository, under all the tags that are to name it. */
export interface ImageOrder {
  readonly source: RepositoryName;
  readonly digest: Digest;
  readonly target: RepositoryName;
  readonly platforms: readonly Platform[];
  readonly referrers: boolean;
  readonly tags: readonly OrderedTag[];
}

export interface OrderedTag {
  readonly tag: string;
  readonly there: Digest | undefined;
  readonly observedAt: string | undefined;
  /** Which of the orders given it is. */
  readonly at: number;
}

/**
 * Puts orders together so that each content is copied once into each repository. In the order of the first tag of
 * each content; those of one content into several repositories stand side by side, so that it is read once for all.
 */
export function groupOrders(orders: readonly TagOrder[]): readonly ImageOrder[] {
  const contents = new Map<string, Map<string, ImageOrder & { readonly tags: OrderedTag[] }>>();
  for (const [
    at,
    { source, digest, target, platforms = [], referrers = true, there, observedAt },
  ] of orders.entries()) {
    const { tag, ...repository } = target;
    const from = { registry: source.registry, repository: source.repository };
    const key = JSON.stringify([
      formatReference(from),
      digest,
      platforms.map(formatPlatform).sort(),
      referrers,
    ]);
    const places = contents.get(key) ?? new Map<string, ImageOrder & { readonly tags: OrderedTag[] }>();
    contents.set(key, places);
    const place = formatReference(repository);
    const image = places.get(place) ?? {
      source: from,
      digest,
      target: repository,
      platforms,
      referrers,
      tags: [],
    };
    places.set(place, image);
    image.tags.push({ tag, there, observedAt, at });
  }
  return [...contents.values()].flatMap((places) => [...places.values()]);
}
