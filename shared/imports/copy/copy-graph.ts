import pLimit, { type LimitFunction } from 'p-limit';
import {
  type Descriptor,
  type Digest,
  type Manifest,
  type ManifestContent,
  parseManifest,
} from '../../content/index.ts';
import { BudgetError, InvalidInputError, RegistryError } from '../../errors.ts';
import type { ContentSource, ContentTarget } from './content-ports.ts';
import { BlobCopy } from './copy-blobs.ts';
import type { CopyOptions } from './copy-options.ts';
import { knowsReferrers, ReferrerCopy, type ReferrerCounts, takesReferrers } from './copy-referrers.ts';
import { CopyTasks } from './copy-tasks.ts';
import {
  MAX_INDEX_DEPTH,
  nestedTooDeep,
  type Selection,
  selectChildren,
  trimmedIndexes,
} from './select-children.ts';
import { refusesSparseIndex } from './sparse-index.ts';

/** Manifests are held while their children are copied; together they may not fill the memory. */
const MAX_MANIFESTS_BYTES = 128 * 1024 * 1024;
const MANIFESTS_AT_ONCE = 6;

export interface CopyResult {
  /** What was published. Differs from the root asked for only when `trimmed`. */
  readonly root: Descriptor;
  /** The target refuses an index with missing children, so the platform subset has a separate index and digest. */
  readonly trimmed: boolean;
  readonly manifests: { readonly copied: number; readonly existing: number };
  readonly blobs: {
    readonly uploaded: number;
    readonly mounted: number;
    readonly existing: number;
    readonly foreign: number;
  };
  /** What is attached to the image, its platforms and to other attachments, counted apart from `manifests`. */
  readonly referrers: ReferrerCounts;
  readonly bytesUploaded: number;
}

/** The result where nothing had to be looked at. */
export function nothingCopied(root: Descriptor): CopyResult {
  return {
    root,
    trimmed: false,
    manifests: { copied: 0, existing: 0 },
    blobs: { uploaded: 0, mounted: 0, existing: 0, foreign: 0 },
    referrers: { copied: 0, existing: 0, skipped: 0 },
    bytesUploaded: 0,
  };
}

/**
 * Copies everything `root` stands on from source to target: children before parents, each distinct digest once,
 * what the target has already is not read from the source. What refers to the root, or to a child
 * copied now, comes along, if both sides know of referrers: after its subject and before the root is published.
 * @throws InvalidInputError `E_PLATFORM` when none of the wanted platforms is in the index, and whatever source
 * and target throw; the first failure stops the rest, except that a `BudgetError` lets what has begun end, and
 * nothing is published. An abort rejects with the signal's
 * reason. Either way no call is under way any more when the promise settles.
 */
export async function copyGraph(
  source: ContentSource,
  target: ContentTarget,
  root: Digest,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const copy = new GraphCopy(source, target, options, signal);
  try {
    return await copy.run(root);
  } catch (error) {
    const reason = options.signal?.aborted ? options.signal.reason : error;
    // What has begun is kept when it is finished; cut off, its pulls would have been for nothing.
    if (!(reason instanceof BudgetError)) stop.abort(reason);
    await copy.settled();
    throw reason;
  }
}

/** A manifest, and what the target has of it. */
interface Found {
  readonly content: ManifestContent;
  readonly there: Descriptor | undefined;
}

class GraphCopy {
  readonly #source: ContentSource;
  readonly #target: ContentTarget;
  readonly #options: CopyOptions;
  readonly #signal: AbortSignal;
  readonly #tasks = new CopyTasks();
  readonly #blobs: BlobCopy;
  readonly #manifestSlots: LimitFunction = pLimit(MANIFESTS_AT_ONCE);
  readonly #calls = new Set<Promise<unknown>>();
  #referrers: ReferrerCopy | undefined;
  #rootIsNew = false;
  readonly #manifests = { copied: 0, existing: 0 };
  #manifestBytes = 0;

  constructor(source: ContentSource, target: ContentTarget, options: CopyOptions, signal: AbortSignal) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#signal = signal;
    this.#blobs = new BlobCopy(source, target, options, signal, this.#tasks);
  }

  async run(root: Digest): Promise<CopyResult> {
    this.#referrers = this.#referrersOf(root);
    const { content, there } = await this.#read(root);
    this.#rootIsNew = !there;
    const manifest = parseManifest(content);
    const selection =
      manifest.kind === 'index'
        ? await selectChildren(
            content,
            manifest,
            this.#options.platforms ?? [],
            async (digest) => (await this.#read(digest)).content,
          )
        : undefined;
    if (selection) await this.#selected(selection, 1);
    else await this.#fill(manifest, there, 1);
    await this.#referrers?.finish();
    await this.#referrers?.attach(root, { present: () => this.#rootIsThere(content, there, selection) });
    await this.#referrers?.finish();
    const published = await this.#publish(content, there, selection);
    const { mediaType, digest, size } = published;
    return {
      root: { mediaType, digest, size },
      trimmed: published !== content,
      manifests: this.#manifests,
      blobs: this.#blobs.counts,
      referrers: this.#referrers?.counts ?? { copied: 0, existing: 0, skipped: 0 },
      bytesUploaded: this.#blobs.bytesUploaded,
    };
  }

  /** Resolves when the calls under way have ended; after an abort none begins. */
  async settled(): Promise<void> {
    await Promise.all([this.#tasks.settled(), Promise.allSettled(this.#calls)]);
  }

  #referrersOf(root: Digest): ReferrerCopy | undefined {
    const source = this.#source;
    const target = this.#target;
    if (this.#options.referrers === false || !knowsReferrers(source) || !takesReferrers(target))
      return undefined;
    const means = {
      call: <T>(call: (signal: AbortSignal) => Promise<T>) => this.#manifestCall(call),
      read: (digest: Digest) => this.#read(digest),
      guardTag: this.#options.guardAttached ?? (async () => true),
      fill: (manifest: Manifest, there: Descriptor | undefined) => this.#fill(manifest, there, 1),
    };
    return new ReferrerCopy(source, target, means, root);
  }

  async #read(digest: Digest): Promise<Found> {
    return await this.#fetch(digest, await this.#resolve(digest));
  }

  #resolve(digest: Digest): Promise<Descriptor | undefined> {
    return this.#manifestCall((signal) => this.#target.resolve(digest, { signal }));
  }

  /**
   * From the target when it is there already: reading the source would be counted as a pull. What somebody deletes there
   * meanwhile is not there.
   */
  async #fetch(digest: Digest, there: Descriptor | undefined): Promise<Found> {
    if (there) {
      try {
        return { content: await this.#fetchFrom(this.#target, digest), there };
      } catch (error) {
        if (!(error instanceof RegistryError) || error.code !== 'E_NOT_FOUND') throw error;
      }
    }
    return { content: await this.#fetchFrom(this.#source, digest), there: undefined };
  }

  async #fetchFrom(side: Pick<ContentSource, 'fetchManifest'>, digest: Digest): Promise<ManifestContent> {
    const content = await this.#manifestCall((signal) => side.fetchManifest(digest, { signal }));
    this.#manifestBytes += content.bytes.byteLength;
    if (this.#manifestBytes > MAX_MANIFESTS_BYTES) {
      throw new InvalidInputError(
        'E_MANIFEST',
        `The manifests of the image are together larger than ${MAX_MANIFESTS_BYTES} bytes.`,
      );
    }
    return content;
  }

  async #manifestCall<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const made = this.#manifestSlots(() => {
      this.#signal.throwIfAborted();
      return call(this.#signal);
    });
    this.#calls.add(made);
    return await made.finally(() => this.#calls.delete(made));
  }

  #push(digest: Digest, content: ManifestContent): Promise<unknown> {
    return this.#manifestCall((signal) => this.#target.pushManifest(digest, content, { signal }));
  }

  /** Referrers follow their subject. A root that is refused as partial gets another digest: none refers to that. */
  async #rootIsThere(
    content: ManifestContent,
    there: Descriptor | undefined,
    selection: Selection | undefined,
  ): Promise<boolean> {
    if (there) return true;
    try {
      await this.#push(content.digest, content);
      return true;
    } catch (error) {
      if (selection?.isPartial && refusesSparseIndex(error)) return false;
      throw error;
    }
  }

  async #publish(
    content: ManifestContent,
    there: Descriptor | undefined,
    selection: Selection | undefined,
  ): Promise<ManifestContent> {
    const publish =
      this.#options.publish ?? ((root, signal) => this.#target.pushManifest(root.digest, root, { signal }));
    this.#signal.throwIfAborted();
    try {
      await publish(content, this.#signal);
      this.#countManifest(there);
      return content;
    } catch (error) {
      if (!selection?.isPartial || !refusesSparseIndex(error)) throw error;
      const indexes = trimmedIndexes(selection);
      const trimmed = indexes.at(-1) ?? content;
      for (const index of indexes) {
        const trimmedThere = await this.#resolve(index.digest);
        if (index === trimmed) await publish(trimmed, this.#signal);
        else if (!trimmedThere) await this.#push(index.digest, index);
        this.#countManifest(trimmedThere);
      }
      return trimmed;
    }
  }

  async #selected({ kept, nested }: Selection, depth: number): Promise<void> {
    const others = kept.filter(({ digest }) => !nested.has(digest));
    await Promise.all([
      this.#children(others, depth),
      ...[...nested.values()].map((inner) => this.#nested(inner, depth + 1)),
    ]);
  }

  /** A nested index that was looked into. Where it is refused as partial, so is the root, and both are trimmed. */
  async #nested(selection: Selection, depth: number): Promise<void> {
    const { content, isPartial } = selection;
    await this.#selected(selection, depth);
    const there = await this.#resolve(content.digest);
    try {
      if (!there) await this.#push(content.digest, content);
    } catch (error) {
      if (isPartial && refusesSparseIndex(error)) return;
      throw error;
    }
    this.#attach(content.digest, there);
    this.#countManifest(there);
  }

  async #children(descriptors: readonly Descriptor[], depth: number): Promise<void> {
    if (depth > MAX_INDEX_DEPTH) throw nestedTooDeep();
    await Promise.all(
      descriptors.map((child) =>
        isManifestLike(child.mediaType)
          ? this.#tasks.run(`manifest ${child.digest}`, () => this.#manifest(child.digest, depth))
          : this.#blobs.copy(child),
      ),
    );
  }

  async #manifest(digest: Digest, depth: number): Promise<void> {
    // What an interrupted copy left in a repository without tags is read and pushed again.
    let there = (await this.#options.isNew) ? undefined : await this.#resolve(digest);
    // A registry takes an image only with all its blobs, but an index may be there without some of its children.
    if (!there || isManifestLike(there.mediaType, 'index')) {
      const found = await this.#fetch(digest, there);
      const { content } = found;
      there = found.there;
      await this.#fill(parseManifest(content), there, depth + 1);
      if (!there) await this.#push(digest, content);
    }
    this.#attach(digest, there);
    this.#countManifest(there);
  }

  /** What a manifest stands on. */
  async #fill(manifest: Manifest, there: Descriptor | undefined, depth: number): Promise<void> {
    if (manifest.kind === 'index') await this.#children(manifest.manifests, depth);
    else if (!there) await this.#leaves(manifest);
  }

  /**
   * A child that was there before its index may lack its referrers: an earlier copy may have died in between. Once
   * the root is there, they are too, so an image that has not changed is not asked about child by child.
   */
  #attach(digest: Digest, there: Descriptor | undefined): void {
    if (!there || this.#rootIsNew) this.#referrers?.begin(digest);
  }

  #countManifest(there: Descriptor | undefined): void {
    this.#manifests[there ? 'existing' : 'copied'] += 1;
  }

  async #leaves(manifest: Manifest): Promise<void> {
    if (manifest.kind !== 'image') return;
    const blobs = manifest.config ? [manifest.config, ...manifest.layers] : manifest.layers;
    await Promise.all(blobs.map((blob) => this.#blobs.copy(blob)));
  }
}

/** Entries of an index are manifests by name (`…manifest…`, `…index…`), else blobs, as in build caches. */
function isManifestLike(mediaType: string, kind: 'index' | 'any' = 'any'): boolean {
  return kind === 'index'
    ? /\bindex\b|manifest\.list/.test(mediaType)
    : /\bmanifest\b|\bindex\b/.test(mediaType);
}
