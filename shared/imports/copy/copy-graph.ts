import pLimit, { type LimitFunction } from 'p-limit';
import {
  type Descriptor,
  type Digest,
  isNonDistributable,
  type Manifest,
  type ManifestContent,
  type Platform,
  parseManifest,
} from '../../content/index.ts';
import { InvalidInputError, RegistryError } from '../../errors.ts';
import type { ContentSource, ContentTarget } from '../ports.ts';
import { type CopyProgress, ProgressMeter } from './copy-progress.ts';
import { selectChildren } from './select-children.ts';
import { trimIndex } from './trim-index.ts';

/** Index of indexes of indexes: deeper than anything real, shallow enough for a hostile source. */
const MAX_DEPTH = 4;
/** Manifests plus blobs of one copy. */
const MAX_NODES = 50_000;
/** Manifests are held while their children are copied; together they may not fill the memory. */
const MAX_MANIFESTS_BYTES = 128 * 1024 * 1024;
const BLOBS_AT_ONCE = 6;
const MANIFESTS_AT_ONCE = 6;

export interface CopyOptions {
  /** Copy only these platforms out of an index. Empty or absent: all. */
  readonly platforms?: readonly Platform[] | undefined;
  /** A repository of the target's registry that may hold the blobs already; mounted from instead of sent. */
  readonly mountFrom?: string | undefined;
  /**
   * The last step: makes the root visible in the target, under a tag, a digest or a condition. It runs after
   * every child is there, and once more with the trimmed index when the target refuses a partial one. Default:
   * pushes the root under its own digest.
   */
  readonly publish?: ((root: ManifestContent, signal: AbortSignal) => Promise<void>) | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyResult {
  /** What was published. Differs from the root asked for only when `trimmed`. */
  readonly root: Descriptor;
  /** The target refuses an index with missing children, so the platform subset has an index, and digest, of its own. */
  readonly trimmed: boolean;
  readonly manifests: { readonly copied: number; readonly existing: number };
  readonly blobs: {
    readonly uploaded: number;
    readonly mounted: number;
    readonly existing: number;
    readonly foreign: number;
  };
  readonly bytesUploaded: number;
}

/**
 * Copies everything `root` stands on from source to target: children before parents, each distinct digest once,
 * what the target has already is left alone and not read from the source.
 * @throws InvalidInputError `E_PLATFORM` when none of the wanted platforms is in the index, and whatever source
 * and target throw; the first failure stops the rest and nothing is published. An abort rejects with the signal's
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
    stop.abort(reason);
    await copy.settled();
    throw reason;
  }
}

class GraphCopy {
  readonly #source: ContentSource;
  readonly #target: ContentTarget;
  readonly #options: CopyOptions;
  readonly #signal: AbortSignal;
  readonly #meter: ProgressMeter;
  readonly #blobSlots: LimitFunction = pLimit(BLOBS_AT_ONCE);
  readonly #manifestSlots: LimitFunction = pLimit(MANIFESTS_AT_ONCE);
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #manifests = { copied: 0, existing: 0 };
  readonly #blobs = { uploaded: 0, mounted: 0, existing: 0, foreign: 0 };
  #bytesUploaded = 0;
  #manifestBytes = 0;

  constructor(source: ContentSource, target: ContentTarget, options: CopyOptions, signal: AbortSignal) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#signal = signal;
    this.#meter = new ProgressMeter(options.onProgress ?? (() => {}));
  }

  async run(root: Digest): Promise<CopyResult> {
    const there = await this.#resolve(root);
    const content = await this.#fetch(root, there);
    const manifest = parseManifest(content);
    const kept = manifest.kind === 'index' ? selectChildren(manifest, this.#options.platforms ?? []) : [];
    const sparse = manifest.kind === 'index' && kept.length < manifest.manifests.length;
    if (manifest.kind === 'index') await this.#children(kept, 1);
    else if (!there) await this.#leaves(manifest);
    const published = await this.#publish(content, there, sparse ? kept : undefined);
    const { mediaType, digest, size } = published;
    return {
      root: { mediaType, digest, size },
      trimmed: published !== content,
      manifests: this.#manifests,
      blobs: this.#blobs,
      bytesUploaded: this.#bytesUploaded,
    };
  }

  /** Resolves when the calls under way have ended; after an abort none begins. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay.values());
  }

  #resolve(digest: Digest): Promise<Descriptor | undefined> {
    return this.#manifestCall((signal) => this.#target.resolve(digest, { signal }));
  }

  /** From the target when it is there already: reading the source would be counted as a pull. */
  async #fetch(digest: Digest, there: Descriptor | undefined): Promise<ManifestContent> {
    const side = there ? this.#target : this.#source;
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

  #manifestCall<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#manifestSlots(() => {
      this.#signal.throwIfAborted();
      return call(this.#signal);
    });
  }

  async #publish(
    content: ManifestContent,
    there: Descriptor | undefined,
    kept: readonly Descriptor[] | undefined,
  ): Promise<ManifestContent> {
    const publish =
      this.#options.publish ?? ((root, signal) => this.#target.pushManifest(root.digest, root, { signal }));
    this.#signal.throwIfAborted();
    try {
      await publish(content, this.#signal);
      this.#countManifest(there);
      return content;
    } catch (error) {
      if (!kept || !refusesSparseIndex(error)) throw error;
      const trimmed = trimIndex(content, kept);
      const trimmedThere = await this.#resolve(trimmed.digest);
      await publish(trimmed, this.#signal);
      this.#countManifest(trimmedThere);
      return trimmed;
    }
  }

  async #children(descriptors: readonly Descriptor[], depth: number): Promise<void> {
    if (depth > MAX_DEPTH) {
      throw new InvalidInputError('E_MANIFEST', `Indexes are nested more than ${MAX_DEPTH} deep.`);
    }
    await Promise.all(
      descriptors.map((child) =>
        isManifestLike(child.mediaType)
          ? this.#once(`manifest ${child.digest}`, () => this.#manifest(child.digest, depth))
          : this.#blob(child),
      ),
    );
  }

  async #manifest(digest: Digest, depth: number): Promise<void> {
    const there = await this.#resolve(digest);
    // A registry takes an image only with all its blobs, but an index may be there without some of its children.
    if (!there || isManifestLike(there.mediaType, 'index')) {
      const content = await this.#fetch(digest, there);
      const manifest = parseManifest(content);
      if (manifest.kind === 'index') await this.#children(manifest.manifests, depth + 1);
      else await this.#leaves(manifest);
      if (!there)
        await this.#manifestCall((signal) => this.#target.pushManifest(digest, content, { signal }));
    }
    this.#countManifest(there);
  }

  #countManifest(there: Descriptor | undefined): void {
    this.#manifests[there ? 'existing' : 'copied'] += 1;
  }

  async #leaves(manifest: Manifest): Promise<void> {
    if (manifest.kind !== 'image') return;
    const blobs = manifest.config ? [manifest.config, ...manifest.layers] : manifest.layers;
    await Promise.all(blobs.map((blob) => this.#blob(blob)));
  }

  /** The same bytes may be a foreign layer of one image and an ordinary layer of another, which needs them pushed. */
  #blob(blob: Descriptor): Promise<void> {
    return isNonDistributable(blob.mediaType)
      ? this.#once(`foreign ${blob.digest}`, async () => {
          this.#blobs.foreign += 1;
        })
      : this.#once(`blob ${blob.digest}`, () => this.#push(blob));
  }

  async #push(blob: Descriptor): Promise<void> {
    const signal = this.#signal;
    const progress = this.#meter.blob(blob.size);
    await this.#blobSlots(async () => {
      signal.throwIfAborted();
      const outcome = await this.#target.pushBlob(blob, () => this.#source.openBlob(blob, { signal }), {
        signal,
        mountFrom: this.#options.mountFrom,
        onBytes: progress.moved,
      });
      this.#blobs[outcome] += 1;
      if (outcome === 'uploaded') this.#bytesUploaded += blob.size;
    });
    progress.done();
  }

  /** One piece of work per key, however many parents name it. */
  #once(key: string, work: () => Promise<void>): Promise<void> {
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    if (this.#underWay.size >= MAX_NODES) {
      return Promise.reject(
        new InvalidInputError('E_MANIFEST', `The image consists of more than ${MAX_NODES} parts.`),
      );
    }
    const started = work();
    this.#underWay.set(key, started);
    return started;
  }
}

/** Entries of an index are manifests by name (`…manifest…`, `…index…`), else blobs, as in build caches. */
function isManifestLike(mediaType: string, kind: 'index' | 'any' = 'any'): boolean {
  return kind === 'index'
    ? /\bindex\b|manifest\.list/.test(mediaType)
    : /\bmanifest\b|\bindex\b/.test(mediaType);
}

/**
 * What registries answer to an index that names children they do not hold: distribution-spec, "Error Codes", leaves
 * the choice open (distribution says MANIFEST_BLOB_UNKNOWN, Gitea BLOB_UNKNOWN). An index refused for another reason
 * is refused again when trimmed.
 */
const MISSING_CHILD_CODES: ReadonlySet<string> = new Set([
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_UNKNOWN',
  'BLOB_UNKNOWN',
  'MANIFEST_INVALID',
]);

function refusesSparseIndex(error: unknown): boolean {
  return error instanceof RegistryError && error.registryCodes.some((code) => MISSING_CHILD_CODES.has(code));
}
