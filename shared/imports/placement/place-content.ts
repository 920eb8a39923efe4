import {
  type Digest,
  type ManifestContent,
  type Platform,
  parseManifest,
  type RepositoryName,
} from '../../content/index.ts';
import { PolicyError, TagExistsError } from '../../errors.ts';
import type { Records } from '../../records.ts';
import {
  type BlobRecord,
  type ContentSource,
  type ContentTarget,
  type CopyOptions,
  type CopyResult,
  copyGraph,
  MountSourceIndex,
  trimmedDigest,
} from '../copy/index.ts';
import { askGuards, type ProposedMove, type TagGuard } from '../guards/index.ts';
import {
  commitTag,
  type PlacementLog,
  type Placer,
  type TagCommitOutcome,
  type TagLeaseOptions,
  type TagRecord,
  tagKey,
} from '../ledger/index.ts';

/** A tag that is to name the content. */
export interface WantedTag {
  readonly tag: string;
  /**
   * When the content was first seen, ISO 8601, or `latest` for what a person wants now: orders moves of one tag in the
   * ledger. Needed where there is one.
   */
  readonly observedAt?: string | undefined;
  /** What the tag was seen to name. Left out: the registry is asked when somebody needs to know. */
  readonly seen?: SeenTag | undefined;
}

export interface SeenTag {
  /** `undefined`: there was no such tag. */
  readonly digest: Digest | undefined;
  /** Whether that still need not be asked again when the tag is to name `wanted`. */
  readonly isGoodFor: (wanted: Digest) => boolean;
}

/** "Have this content in that repository, under these tags." */
export interface PlacementOrder {
  readonly source: ContentSource;
  readonly root: Digest;
  /** Platforms to copy out of an index; empty or absent: all. */
  readonly platforms?: readonly Platform[] | undefined;
  readonly to: ContentTarget;
  readonly target: RepositoryName;
  /** None: the content goes there under its digest only. */
  readonly tags: readonly WantedTag[];
  /** What the platform subset is called where the target takes no partial index. Default: found out from the source. */
  readonly trimmed?: (() => Promise<Digest | undefined>) | undefined;
}

export interface PlacementRecords {
  readonly tags: Records<TagRecord>;
  /** Where target registries hold large blobs. */
  readonly blobs: Records<BlobRecord>;
}

/** The records of who may move a target tag, shared by all workers. */
export interface TagLedger {
  readonly tags: Records<TagRecord>;
  readonly placedBy: Placer;
  /** Id of the job, name of the pipeline run, or user and host of the command. */
  readonly reference?: string | undefined;
  /** Repository that the content comes from. Absent: an archive. */
  readonly origin?: string | undefined;
  /** Where placements are told. Absent: nowhere. */
  readonly log?: PlacementLog | undefined;
}

export interface PlacementOptions
  extends Pick<CopyOptions, 'mountFrom' | 'isNew' | 'referrers' | 'onProgress' | 'signal'>,
    Pick<TagLeaseOptions, 'now' | 'wait'> {
  /** Who may say no. In this order, before the copy and again right before a tag moves. */
  readonly guards: readonly TagGuard[];
  /** Without, tags are moved without regard to who else does. */
  readonly ledger?: TagLedger | undefined;
  /** Where target registries hold large blobs, to mount them from. */
  readonly blobs?: Records<BlobRecord> | undefined;
  /** Limits how many tags are moved at once, and so how many leases are held. */
  readonly slot?: (<T>(move: () => Promise<T>) => Promise<T>) | undefined;
}

/** What became of a tag. */
export type TagEnd =
  | { readonly end: TagCommitOutcome }
  /** With several tags: what kept this one. */
  | { readonly end: 'failed'; readonly error: unknown };

export interface Placement {
  /** `undefined`: no tag was to be moved, so nothing was copied. */
  readonly copy: CopyResult | undefined;
  /** In the order of the tags ordered. */
  readonly tags: readonly TagEnd[];
}

/**
 * The one way content gets into a target: guards are asked, the content is copied, children first, guards are asked
 * again, and the tags move last, each under its lease where there is a ledger. Convergent: run twice, late, or beside
 * another for the same tag, the end state is the same.
 *
 * With several tags, a failure is the end of those it concerns and nothing is thrown.
 * @throws TagExistsError, PolicyError when a guard refuses the tag, and whatever the copy or the ledger throws
 */
export async function placeContent(order: PlacementOrder, options: PlacementOptions): Promise<Placement> {
  const { source, root, platforms, to, target } = order;
  const { guards: _, ledger: __, blobs, now: ___, wait: ____, slot: _____, ...copyOptions } = options;
  const tags = order.tags.map((wanted) => new TagPlacement(wanted, order, options));
  await Promise.all(tags.map((tag) => tag.admit()));
  const open = tags.filter(({ end }) => end === undefined);
  if (tags.length > 0 && open.length === 0) return ended(undefined, tags);

  const mounts = blobs && new MountSourceIndex(blobs, target);
  let copy: CopyResult | undefined;
  try {
    copy = await copyGraph(source, to, root, {
      ...copyOptions,
      platforms,
      mounts,
      guardAttached: (tag, there, wanted) => askAboutAttached(tag, there, wanted, order, options),
      ...(tags.length > 0 && { publish: (content, signal) => publish(open, content, signal) }),
    });
  } catch (error) {
    if (tags.length < 2) throw error;
    for (const tag of open) tag.end ??= { end: 'failed', error };
  }
  await mounts?.flush();
  return ended(copy, tags);
}

function ended(copy: CopyResult | undefined, tags: readonly TagPlacement[]): Placement {
  const ends = tags.map(
    ({ end }): TagEnd => end ?? { end: 'failed', error: new Error('The tag was not moved.') },
  );
  const [only, ...others] = ends;
  if (only?.end === 'failed' && others.length === 0) throw only.error;
  return { copy, tags: ends };
}

/** The first tag that guards let move decides whether the target takes the content; the others fail for themselves. */
async function publish(
  tags: readonly TagPlacement[],
  content: ManifestContent,
  signal: AbortSignal,
): Promise<void> {
  const [first, ...others] = tags;
  if (!first) return;
  try {
    await first.move(content, signal);
  } catch (error) {
    if (!isRefusal(error) || others.length === 0) throw error;
    first.end = { end: 'failed', error };
    return await publish(others, content, signal);
  }
  await Promise.all(
    others.map((tag) =>
      tag.move(content, signal).catch((error: unknown) => {
        tag.end = { end: 'failed', error };
      }),
    ),
  );
}

async function askAboutAttached(
  tag: string,
  there: Digest | undefined,
  wanted: Digest,
  { target }: PlacementOrder,
  { guards, signal }: PlacementOptions,
): Promise<boolean> {
  const { registry, repository } = target;
  const verdict = await askGuards(guards, {
    target: { registry, repository, tag },
    wanted,
    observedAt: undefined,
    phase: 'publish',
    isAttached: true,
    record: undefined,
    there: async () => there,
    before: undefined,
    trimmed: async () => undefined,
    signal,
  });
  return verdict === 'allow';
}

/** One tag on its way to the content. */
class TagPlacement {
  end: TagEnd | undefined;
  readonly #wanted: WantedTag;
  readonly #order: PlacementOrder;
  readonly #options: PlacementOptions;
  #before: Digest | undefined;
  /** Whether the target was asked to move the tag. */
  #isBegun = false;

  constructor(wanted: WantedTag, order: PlacementOrder, options: PlacementOptions) {
    this.#wanted = wanted;
    this.#order = order;
    this.#options = options;
    this.#before = wanted.seen?.digest;
  }

  /** Asks the guards before the copy. What fails alone, beside other tags, is this tag's end. */
  async admit(): Promise<void> {
    const { ledger, guards, signal } = this.#options;
    const { seen } = this.#wanted;
    const { root } = this.#order;
    let asked: Promise<Digest | undefined> | undefined = seen && Promise.resolve(seen.digest);
    const there = async () => {
      asked ??= this.#ask(signal);
      this.#before = await asked;
      return this.#before;
    };
    try {
      const record = await ledger?.tags.get(tagKey(this.#target));
      const verdict = await askGuards(
        guards,
        this.#proposal({ phase: 'before-copy', wanted: root, record, there, signal }),
      );
      if (verdict !== 'allow') this.end = { end: verdict };
    } catch (error) {
      this.end = { end: 'failed', error };
    }
  }

  /** Moves the tag to what was copied, if the guards still let it. */
  async move(content: ManifestContent, signal: AbortSignal): Promise<void> {
    const { slot = (move) => move() } = this.#options;
    this.end = { end: await slot(() => this.#commit(content, signal)) };
  }

  async #commit(content: ManifestContent, signal: AbortSignal): Promise<TagCommitOutcome> {
    const { ledger, now, wait } = this.#options;
    if (!ledger) return await this.#push(content, undefined, signal);
    const { observedAt } = this.#wanted;
    if (observedAt === undefined)
      throw new TypeError('A tag in a ledger moves by the time of its observation.');
    const { root } = this.#order;
    const manifest = parseManifest(content);
    const move = {
      target: this.#target,
      digest: content.digest,
      observedAt,
      children: manifest.kind === 'index' ? manifest.manifests.length : 0,
      ...(content.digest !== root && { trimmedFrom: root }),
      placedBy: ledger.placedBy,
      reference: ledger.reference,
      origin: ledger.origin,
    };
    const push = async (held: TagRecord, pushSignal: AbortSignal) => {
      const end = await this.#push(content, held, pushSignal);
      return end === 'superseded' ? undefined : { moved: end === 'moved' };
    };
    this.#isBegun = false;
    const isBegun = () => this.#isBegun;
    return await commitTag(ledger.tags, move, push, { signal, now, wait, log: ledger.log, isBegun });
  }

  async #push(
    content: ManifestContent,
    record: TagRecord | undefined,
    signal: AbortSignal,
  ): Promise<TagCommitOutcome> {
    const { guards } = this.#options;
    const { tag, seen } = this.#wanted;
    const wanted = content.digest;
    let asked: Promise<Digest | undefined> | undefined = seen?.isGoodFor(wanted)
      ? Promise.resolve(seen.digest)
      : undefined;
    const there = () => {
      asked ??= this.#ask(signal);
      return asked;
    };
    const verdict = await askGuards(
      guards,
      this.#proposal({ phase: 'publish', wanted, record, there, signal }),
    );
    if (verdict !== 'allow') return verdict;
    if ((await there()) === wanted) return 'already-current';
    signal.throwIfAborted();
    this.#isBegun = true;
    await this.#order.to.pushManifest(tag, content, { signal });
    return 'moved';
  }

  #proposal(known: Pick<ProposedMove, 'phase' | 'wanted' | 'record' | 'there' | 'signal'>): ProposedMove {
    const { source, root, platforms, trimmed } = this.#order;
    return {
      ...known,
      target: this.#target,
      observedAt: this.#wanted.observedAt,
      isAttached: false,
      before: this.#before,
      trimmed: trimmed ?? (() => trimmedDigest(source, root, { platforms, signal: known.signal })),
    };
  }

  async #ask(signal: AbortSignal | undefined): Promise<Digest | undefined> {
    return (await this.#order.to.resolve(this.#wanted.tag, { signal }))?.digest;
  }

  get #target() {
    const { registry, repository } = this.#order.target;
    return { registry, repository, tag: this.#wanted.tag };
  }
}

/** A guard said no to one tag; other tags may move. */
function isRefusal(error: unknown): boolean {
  return error instanceof TagExistsError || error instanceof PolicyError;
}
