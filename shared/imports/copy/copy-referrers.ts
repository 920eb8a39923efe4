import {
  type Descriptor,
  type Digest,
  type Manifest,
  type ManifestContent,
  parseManifest,
} from '../../content/index.ts';
import { InvalidInputError, RegistryError } from '../../errors.ts';
import type { ContentSource, ContentTarget, ReferrerSource, ReferrerTarget } from './content-ports.ts';

/** The signature of an SBOM of an image is two deep; a bound for sources that invent more. */
const MAX_DEPTH = 4;
/** Of one copy. */
const MAX_REFERRERS = 1_000;

export interface ReferrerCounts {
  readonly copied: number;
  readonly existing: number;
  /** Listed, but not copied: no referrer, gone at the source, in the way of what the target has already, or kept by a guard. */
  readonly skipped: number;
}

/** What the copy of an image lends to the copy of what is attached to it. */
export interface CopyMeans {
  /** Makes one call within the limits and the life of the copy. */
  readonly call: <T>(call: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  /** Reads a manifest, from the target when it is there. */
  readonly read: (digest: Digest) => Promise<{ content: ManifestContent; there: Descriptor | undefined }>;
  /** Asked before a tag is pushed: whether it may move. Throws to end the copy. */
  readonly guardTag: (tag: string, there: Digest | undefined, wanted: Digest) => Promise<boolean>;
  /** Copies what a manifest stands on. */
  readonly fill: (manifest: Manifest, there: Descriptor | undefined) => Promise<void>;
}

export interface AttachOptions {
  /** Makes sure that the subject is in the target before anything is attached; `false`: it cannot be there. */
  readonly present?: () => Promise<boolean>;
  readonly depth?: number;
}

interface Attached {
  readonly listed: readonly Descriptor[];
  readonly tagged: readonly CosignTag[];
}

interface CosignTag {
  readonly tag: string;
  readonly digest: Digest;
}

/**
 * Copies what is attached to the manifests of one image: referrers (distribution-spec, "Listing Referrers"), what
 * refers to those in turn, and cosign's tags. What the target lists already is not read anywhere; because the
 * target's own list decides, a copy that died half way is completed by the next.
 */
export class ReferrerCopy {
  readonly counts = { copied: 0, existing: 0, skipped: 0 };
  readonly #source: ReferrerSource;
  readonly #target: ReferrerTarget;
  readonly #means: CopyMeans;
  readonly #root: Digest;
  readonly #ofRoot: Promise<Attached>;
  readonly #asked = new Set<Digest>();
  readonly #begun: Promise<void>[] = [];
  #found = 0;

  /** Asks for the root's referrers at once: the answer is there when the rest of the image is. */
  constructor(source: ReferrerSource, target: ReferrerTarget, means: CopyMeans, root: Digest) {
    this.#source = source;
    this.#target = target;
    this.#means = means;
    this.#root = root;
    this.#ofRoot = this.#find(root, true);
    // The copy that attaches something awaits it; a failure before that must not be unhandled.
    this.#ofRoot.catch(() => {});
  }

  /**
   * Begins to copy what is attached to `subject`; `finish` waits for it. The copy of the subject itself must not: a
   * referrer may be an index that names its subject among its children.
   */
  begin(subject: Digest): void {
    const attached = this.attach(subject);
    attached.catch(() => {});
    this.#begun.push(attached);
  }

  /** Waits for all that was begun, also by what it waits for. */
  async finish(): Promise<void> {
    while (this.#begun.length > 0) await Promise.all(this.#begun.splice(0));
  }

  /** Copies what is attached to `subject`, once per copy. */
  async attach(
    subject: Digest,
    { present = async () => true, depth = 1 }: AttachOptions = {},
  ): Promise<void> {
    if (this.#asked.has(subject)) return;
    this.#asked.add(subject);
    const { listed, tagged } = await this.#attachedTo(subject);
    if (listed.length + tagged.length === 0) return;
    if (depth > MAX_DEPTH) {
      throw new InvalidInputError(
        'E_MANIFEST',
        `Referrers of referrers are nested more than ${MAX_DEPTH} deep.`,
      );
    }
    const [newlyListed, newlyTagged] = await Promise.all([
      this.#notListed(subject, listed),
      Promise.all(tagged.map((one) => this.#notTagged(one))),
    ]);
    const fresh = { listed: newlyListed, tagged: newlyTagged.flat() };
    const missing = fresh.listed.length + fresh.tagged.length;
    this.counts.existing += listed.length + tagged.length - missing;
    if (missing > 0 && !(await present())) {
      this.counts.skipped += missing;
      return;
    }
    const left = await Promise.all([
      this.#copyListed(subject, fresh.listed),
      ...fresh.tagged.map((one) => this.#copyTagged(one)),
    ]);
    const skipped = new Set(left.flat());
    await Promise.all(
      [...listed, ...tagged]
        .filter(({ digest }) => !skipped.has(digest))
        .map(({ digest }) => this.attach(digest, { depth: depth + 1 })),
    );
  }

  /** cosign's tags cost three requests, so beyond the root they are looked for only where the root has some. */
  async #attachedTo(subject: Digest): Promise<Attached> {
    const ofRoot = await this.#ofRoot;
    return subject === this.#root ? ofRoot : await this.#find(subject, ofRoot.tagged.length > 0);
  }

  async #find(subject: Digest, withTags: boolean): Promise<Attached> {
    const { call } = this.#means;
    const [listed, tagged] = await Promise.all([
      call((signal) => this.#source.referrers(subject, { signal })),
      withTags ? call((signal) => this.#source.cosignTags(subject, { signal })) : [],
    ]);
    this.#found += listed.length + tagged.length;
    if (this.#found > MAX_REFERRERS) {
      throw new InvalidInputError('E_MANIFEST', `The image has more than ${MAX_REFERRERS} referrers.`);
    }
    return { listed, tagged };
  }

  async #notListed(subject: Digest, listed: readonly Descriptor[]): Promise<readonly Descriptor[]> {
    if (listed.length === 0) return [];
    const there = await this.#means.call((signal) => this.#target.referrers(subject, { signal }));
    const known = new Set(there.map(({ digest }) => digest));
    return listed.filter(({ digest }) => !known.has(digest));
  }

  async #notTagged(wanted: CosignTag): Promise<readonly (CosignTag & { replaces: Digest | undefined })[]> {
    const there = await this.#means.call((signal) => this.#target.resolve(wanted.tag, { signal }));
    return there?.digest === wanted.digest ? [] : [{ ...wanted, replaces: there?.digest }];
  }

  /** Resolves to the digests that were not copied. */
  async #copyListed(subject: Digest, listed: readonly Descriptor[]): Promise<readonly Digest[]> {
    const results = await Promise.all(listed.map(({ digest }) => this.#copyReferrer(digest, subject)));
    const unlisted = results.flatMap((one) => (one && !one.isListed ? [one.content] : []));
    if (unlisted.length > 0) {
      await this.#means.call((signal) => this.#target.addReferrers(subject, unlisted, { signal }));
    }
    return listed.flatMap(({ digest }, at) => (results[at] ? [] : [digest]));
  }

  /**
   * `undefined` for what turns out to be no referrer of `subject`: lists are kept by clients and outlive what they
   * name, and one wrong entry must not keep the image from its users. Copied all the same it would be attached, in
   * the target, to something that was not requested.
   */
  async #copyReferrer(
    digest: Digest,
    subject: Digest,
  ): Promise<{ content: ManifestContent; isListed: boolean } | undefined> {
    const found = await this.#read(digest);
    if (!found || found.manifest.kind === 'opaque' || found.manifest.subject?.digest !== subject) {
      this.counts.skipped += 1;
      return undefined;
    }
    const { content, manifest, there } = found;
    await this.#means.fill(manifest, there);
    // Also when it is there already: it is not listed, and a target that lists automatically does so when it is pushed.
    const pushed = await this.#means.call((signal) => this.#target.pushManifest(digest, content, { signal }));
    this.counts.copied += 1;
    return { content, isListed: pushed.subject === subject };
  }

  /** Resolves to the digest if it was not copied. */
  async #copyTagged({
    tag,
    digest,
    replaces,
  }: CosignTag & { readonly replaces: Digest | undefined }): Promise<readonly Digest[]> {
    const found = await this.#read(digest);
    if (
      !found ||
      (replaces && !(await this.#includes(found.manifest, replaces))) ||
      !(await this.#means.guardTag(tag, replaces, digest))
    ) {
      this.counts.skipped += 1;
      return [digest];
    }
    await this.#means.fill(found.manifest, found.there);
    await this.#means.call((signal) => this.#target.pushManifest(tag, found.content, { signal }));
    this.counts.copied += 1;
    return [];
  }

  /** cosign adds signatures as layers of one manifest: those that somebody made for the copy are not overwritten. */
  async #includes(manifest: Manifest, replaced: Digest): Promise<boolean> {
    const content = await this.#means.call((signal) => this.#target.fetchManifest(replaced, { signal }));
    const other = readable(content);
    if (manifest.kind !== 'image' || other?.kind !== 'image') return false;
    const layers = new Set(manifest.layers.map(({ digest }) => digest));
    return other.layers.every(({ digest }) => layers.has(digest));
  }

  async #read(digest: Digest) {
    try {
      const { content, there } = await this.#means.read(digest);
      const manifest = readable(content);
      return manifest && { content, manifest, there };
    } catch (error) {
      if (error instanceof RegistryError && error.code === 'E_NOT_FOUND') return undefined;
      throw error;
    }
  }
}

export function knowsReferrers(source: ContentSource): source is ReferrerSource {
  return 'referrers' in source && 'cosignTags' in source;
}

export function takesReferrers(target: ContentTarget): target is ReferrerTarget {
  return 'referrers' in target && 'addReferrers' in target;
}

function readable(content: ManifestContent): Manifest | undefined {
  try {
    return parseManifest(content);
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
