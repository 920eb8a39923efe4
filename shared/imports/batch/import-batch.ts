import pLimit, { type LimitFunction } from 'p-limit';
import { type Digest, formatReference } from '../../content/index.ts';
import { codeOf, describeError, RegistryError } from '../../errors.ts';
import type { CopyResult } from '../copy/index.ts';
import { neverBackwards, type TagGuard } from '../guards/index.ts';
import type { TagCommitOutcome } from '../ledger/index.ts';
import { type PlacementOptions, placeContent } from '../placement/index.ts';
import { type BatchContext, BatchRepositories } from './batch-repositories.ts';
import { groupOrders, type ImageOrder, type TagOrder } from './group-orders.ts';

/** Most of what a small image takes is waiting for answers. */
const IMAGES_AT_ONCE = 12;
const TAGS_AT_ONCE = 8;

export interface BatchOptions extends BatchContext, Pick<PlacementOptions, 'ledger'> {
  /** Policies that each move must pass. Default: none. */
  readonly guards?: readonly TagGuard[] | undefined;
}

/** What became of one order. */
export type TagOrderOutcome =
  | { readonly state: 'succeeded'; readonly digest: Digest }
  | {
      readonly state: 'unchanged';
      readonly digest: Digest;
      /** Why, where the tag does not name the digest. */
      readonly detail?: string | undefined;
    }
  | { readonly state: 'failed'; readonly code: string; readonly message: string };

export interface BatchResult {
  /** In the order of the orders. */
  readonly outcomes: readonly TagOrderOutcome[];
  /** Distinct contents that got into a repository, under however many tags. */
  readonly images: number;
  readonly manifests: CopyResult['manifests'];
  /** Of what target registries were asked for: a blob that several images share counts once. */
  readonly blobs: { readonly uploaded: number; readonly mounted: number; readonly existing: number };
  readonly referrers: CopyResult['referrers'];
  readonly bytesUploaded: number;
}

/**
 * Carries out many orders straight from registry to registry. Each distinct manifest is read once from its source,
 * each distinct blob is sent once to a registry and mounted in its other repositories, and tags come last. Convergent:
 * run again after whatever happened, it ends in the same state.
 *
 * What fails is an outcome and the others go on; only an abort throws, the signal's reason, once no call is under way.
 */
export async function importBatch(orders: readonly TagOrder[], options: BatchOptions): Promise<BatchResult> {
  const batch = new Batch(options);
  const images = groupOrders(orders);
  const slots = pLimit(IMAGES_AT_ONCE);
  await Promise.all(images.map((image) => slots(() => batch.run(image))));
  options.signal?.throwIfAborted();
  return batch.result();
}

class Batch {
  readonly #options: BatchOptions;
  readonly #repositories: BatchRepositories;
  readonly #outcomes: TagOrderOutcome[] = [];
  readonly #tagSlots: LimitFunction = pLimit(TAGS_AT_ONCE);
  /** By the registries it happened between. To ask on would only make it worse. */
  readonly #limited = new Map<string, RegistryError>();
  #images = 0;
  readonly #manifests = { copied: 0, existing: 0 };
  readonly #referrers = { copied: 0, existing: 0, skipped: 0 };

  constructor(options: BatchOptions) {
    this.#options = options;
    this.#repositories = new BatchRepositories(options);
  }

  result(): BatchResult {
    const { counts, bytesUploaded } = this.#repositories.blobs;
    return {
      outcomes: this.#outcomes,
      images: this.#images,
      manifests: this.#manifests,
      blobs: counts,
      referrers: this.#referrers,
      bytesUploaded,
    };
  }

  /** Never rejects. */
  async run(image: ImageOrder): Promise<void> {
    if (this.#options.signal?.aborted) return;
    try {
      const limited = this.#limited.get(wayOf(image));
      if (limited) throw limited;
      await this.#import(image);
    } catch (error) {
      for (const { at } of image.tags) this.#fail(image, at, error);
    }
  }

  async #import(image: ImageOrder): Promise<void> {
    const { signal, ledger, guards = [] } = this.#options;
    const { source: from, target: to, digest, platforms, referrers, tags } = image;
    const source = this.#repositories.source(from);
    const { copy, tags: ends } = await placeContent(
      {
        source,
        root: digest,
        platforms,
        to: this.#repositories.target(to, from),
        target: to,
        tags: tags.map(({ tag, observedAt }) => ({ tag, observedAt, seen: UNASKED })),
      },
      {
        guards: [neverBackwards, ...guards, skipTrimmed(image)],
        ledger: ledger && { ...ledger, origin: formatReference(from) },
        referrers,
        mountFrom: from.registry === to.registry ? from.repository : undefined,
        slot: this.#tagSlots,
        signal,
      },
    );
    for (const [nth, { at }] of tags.entries()) {
      const end = ends[nth];
      if (end?.end === 'failed') this.#fail(image, at, end.error);
      else if (end) this.#outcomes[at] = outcomeOf(end.end, copy, image, at);
    }
    if (!copy) return;
    this.#images += 1;
    this.#manifests.copied += copy.manifests.copied;
    this.#manifests.existing += copy.manifests.existing;
    this.#referrers.copied += copy.referrers.copied;
    this.#referrers.existing += copy.referrers.existing;
    this.#referrers.skipped += copy.referrers.skipped;
  }

  #fail(image: ImageOrder, at: number, error: unknown): void {
    if (error instanceof RegistryError && error.code === 'E_RATE_LIMITED')
      this.#limited.set(wayOf(image), error);
    this.#outcomes[at] ??= failed(error);
  }
}

/** What the plan saw is minutes old, and the tag is pushed whatever it names: it need not be asked about. */
const UNASKED = { digest: undefined, isGoodFor: () => true };

/** What is asked for once in each registry pair. */
function wayOf({ source, target }: ImageOrder): string {
  return `${source.registry} ${target.registry}`;
}

/** A tag that names the platform subset already, as a separate index where partial ones are refused, stays. */
function skipTrimmed({ platforms, tags }: ImageOrder): TagGuard {
  const there = new Map(tags.map((one) => [one.tag, one.there]));
  let trimmed: Promise<Digest | undefined> | undefined;
  return async ({ phase, isAttached, target, ...move }) => {
    const known = there.get(target.tag);
    if (isAttached || phase !== 'before-copy' || platforms.length === 0 || known === undefined)
      return 'allow';
    trimmed ??= move.trimmed();
    return known === (await trimmed) ? 'already-current' : 'allow';
  };
}

function outcomeOf(
  end: TagCommitOutcome,
  copy: CopyResult | undefined,
  { digest, tags }: ImageOrder,
  at: number,
): TagOrderOutcome {
  if (end === 'moved') return { state: 'succeeded', digest: copy?.root.digest ?? digest };
  if (end === 'superseded') {
    return { state: 'unchanged', digest, detail: 'something observed later was placed there meanwhile' };
  }
  const there = end === 'already-current' ? tags.find((one) => one.at === at)?.there : undefined;
  return { state: 'unchanged', digest: there ?? copy?.root.digest ?? digest };
}

function failed(error: unknown): TagOrderOutcome {
  return { state: 'failed', code: codeOf(error), message: describeError(error) };
}
