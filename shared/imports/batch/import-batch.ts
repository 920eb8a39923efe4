import pLimit, { type LimitFunction } from 'p-limit';
import type { Digest, ManifestContent } from '../../content/index.ts';
import { codeOf, describeError, RegistryError } from '../../errors.ts';
import type { ReferrerTarget } from '../copy/content-ports.ts';
import { type CopyResult, copyGraph } from '../copy/copy-graph.ts';
import { trimmedDigest } from '../copy/trimmed-digest.ts';
import { type BatchMeans, BatchRepositories } from './batch-repositories.ts';
import { groupOrders, type ImageOrder, type OrderedTag, type TagOrder } from './group-orders.ts';

/** Most of what a small image takes is waiting for answers. */
const IMAGES_AT_ONCE = 12;
const TAGS_AT_ONCE = 8;

/** What became of one order. */
export type TagOrderOutcome =
  | { readonly state: 'succeeded' | 'unchanged'; readonly digest: Digest }
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
export async function importBatch(orders: readonly TagOrder[], means: BatchMeans): Promise<BatchResult> {
  const batch = new Batch(means);
  const images = groupOrders(orders);
  const slots = pLimit(IMAGES_AT_ONCE);
  await Promise.all(images.map((image) => slots(() => batch.run(image))));
  means.signal?.throwIfAborted();
  return batch.result();
}

class Batch {
  readonly #means: BatchMeans;
  readonly #repositories: BatchRepositories;
  readonly #outcomes: TagOrderOutcome[] = [];
  readonly #tagSlots: LimitFunction = pLimit(TAGS_AT_ONCE);
  /** By the registries it happened between. To ask on would only make it worse. */
  readonly #limited = new Map<string, RegistryError>();
  #images = 0;
  readonly #manifests = { copied: 0, existing: 0 };
  readonly #referrers = { copied: 0, existing: 0, skipped: 0 };

  constructor(means: BatchMeans) {
    this.#means = means;
    this.#repositories = new BatchRepositories(means);
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
    if (this.#means.signal?.aborted) return;
    const way = `${image.source.registry} ${image.target.registry}`;
    try {
      const limited = this.#limited.get(way);
      if (limited) throw limited;
      await this.#import(image);
    } catch (error) {
      if (error instanceof RegistryError && error.code === 'E_RATE_LIMITED') this.#limited.set(way, error);
      for (const { at } of image.tags) this.#outcomes[at] ??= failed(error);
    }
  }

  async #import(image: ImageOrder): Promise<void> {
    const { signal } = this.#means;
    const { source: from, target: to, digest, platforms, referrers } = image;
    const source = this.#repositories.source(from);
    const target = this.#repositories.target(to, from);
    const tags = await this.#tagsToMove(image);
    if (tags.length === 0) return;
    const copy = await copyGraph(source, target, digest, {
      platforms,
      referrers,
      mountFrom: from.registry === to.registry ? from.repository : undefined,
      signal,
      publish: (content, copySignal) => this.#publish(target, tags, content, copySignal),
    });
    this.#images += 1;
    this.#manifests.copied += copy.manifests.copied;
    this.#manifests.existing += copy.manifests.existing;
    this.#referrers.copied += copy.referrers.copied;
    this.#referrers.existing += copy.referrers.existing;
    this.#referrers.skipped += copy.referrers.skipped;
  }

  /** All but those that name the platform subset already, as an index of its own where partial ones are refused. */
  async #tagsToMove({ source, digest, platforms, tags }: ImageOrder): Promise<readonly OrderedTag[]> {
    if (platforms.length === 0 || !tags.some(({ there }) => there)) return tags;
    const { signal } = this.#means;
    const trimmed = await trimmedDigest(this.#repositories.source(source), digest, { platforms, signal });
    const done = tags.filter(({ there }) => there !== undefined && there === trimmed);
    for (const { at, there } of done) if (there) this.#outcomes[at] = { state: 'unchanged', digest: there };
    return tags.filter((tag) => !done.includes(tag));
  }

  /** The first tag decides whether the target takes the content; what keeps one of the others is its own failure. */
  async #publish(
    target: ReferrerTarget,
    [first, ...others]: readonly OrderedTag[],
    content: ManifestContent,
    signal: AbortSignal,
  ): Promise<void> {
    if (!first) return;
    const push = async ({ tag, at }: OrderedTag) => {
      await this.#tagSlots(() => {
        signal.throwIfAborted();
        return target.pushManifest(tag, content, { signal });
      });
      this.#outcomes[at] = { state: 'succeeded', digest: content.digest };
    };
    await push(first);
    await Promise.all(
      others.map((tag) =>
        push(tag).catch((error: unknown) => {
          this.#outcomes[tag.at] = failed(error);
        }),
      ),
    );
  }
}

function failed(error: unknown): TagOrderOutcome {
  return { state: 'failed', code: codeOf(error), message: describeError(error) };
}
