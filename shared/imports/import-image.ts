import {
  type Descriptor,
  formatReference,
  type Platform,
  type Reference,
  type RepositoryName,
  type TagReference,
} from '../content/index.ts';
import { InvalidInputError, RegistryError, type SideOptions } from '../errors.ts';
import {
  type ContentSource,
  type ContentTarget,
  type CopyProgress,
  type CopyResult,
  nothingCopied,
  trimmedDigest,
} from './copy/index.ts';
import { keepExisting } from './guards/index.ts';
import { LATEST, tagKey } from './ledger/index.ts';
import { placeTag, type TagLedger } from './placement/index.ts';

export interface ImportImageOptions {
  readonly platforms?: readonly Platform[] | undefined;
  /** Move a target tag that names other content; otherwise that is a `TagExistsError`, as a rule before anything is copied. */
  readonly force?: boolean | undefined;
  /** Import what is attached to the image as well: signatures, SBOMs, attestations. Default: true. */
  readonly referrers?: boolean | undefined;
  /** The records of a service: it then knows that a person placed this, later than whatever was there. */
  readonly ledger?: TagLedger | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  /** Milliseconds. Default: the system's clock. */
  readonly now?: (() => number) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ImportImageResult {
  readonly source: string;
  readonly target: string;
  readonly state: 'succeeded' | 'unchanged';
  readonly before: Descriptor | undefined;
  readonly copy: CopyResult;
}

/**
 * What a tag named this long ago it still names: between asking and setting it there is a gap in any case, because no
 * registry does both in one.
 */
const RECENT_MS = 5_000;

/**
 * One import straight from registry to registry, without a queue: what `az acr import` does. The source
 * is resolved to a digest first, so a tag that moves in mid-copy cannot mix two images.
 * @throws TagExistsError when the target tag names other content and `force` is off.
 */
export async function importImage(
  repository: (name: RepositoryName, options?: SideOptions) => ContentSource & ContentTarget,
  source: Reference,
  target: TagReference,
  options: ImportImageOptions = {},
): Promise<ImportImageResult> {
  const { signal, now = Date.now } = options;
  const from = repository(source, { side: 'source' });
  const to = repository(target, { side: 'target' });
  const wanted = source.digest ?? source.tag;
  if (!wanted)
    throw new InvalidInputError('E_REFERENCE', `"${formatReference(source)}" needs a tag or a digest.`);
  const [root, before] = await both(from.resolve(wanted, { signal }), to.resolve(target.tag, { signal }));
  const askedAt = now();
  if (!root) {
    throw new RegistryError(
      'E_NOT_FOUND',
      `${formatReference(source)} does not exist. Check the name and the ${source.digest ? 'digest' : 'tag'}, and whether the repository needs a login.`,
      { status: 404, operation: 'resolve', side: 'source' },
    );
  }
  const mayMove = before === undefined || before.digest === root.digest || options.force;
  const trimmed = mayMove ? undefined : await trimmedDigest(from, root.digest, options);
  const isTrimmedAlready = before !== undefined && before.digest === trimmed;
  const isThere = before?.digest === root.digest || isTrimmedAlready;
  const ledger = isThere ? await ledgerOfUnfinished(options.ledger, target) : options.ledger;
  const isNew = before ? undefined : to.mayExist?.({ signal }).then((exists) => !exists);
  // Whoever pushes a blob hears of it, and so does the end of the copy.
  isNew?.catch(() => {});
  const placed = await placeTag(
    {
      source: from,
      root: isTrimmedAlready ? before.digest : root.digest,
      platforms: isTrimmedAlready ? undefined : options.platforms,
      to,
      target,
      observedAt: LATEST,
      seen: {
        digest: before?.digest,
        // A tag that is to be moved whatever it names need not be asked about again, nor what was seen just now.
        isGoodFor: (wanted) =>
          (options.force === true && before?.digest !== wanted) || now() - askedAt < RECENT_MS,
      },
      trimmed: async () => trimmed,
    },
    {
      guards: options.force ? [] : [keepExisting({ advice: 'use --force to move it' })],
      ledger: ledger && {
        ...ledger,
        origin: formatReference({ ...source, tag: undefined, digest: undefined }),
      },
      mountFrom: source.registry === target.registry ? source.repository : undefined,
      referrers: options.referrers,
      isNew,
      onProgress: options.onProgress,
      signal,
    },
  ).finally(() => isNew);
  const copy = placed.copy ?? nothingCopied(root);
  const copied = copy.manifests.copied + copy.referrers.copied;
  const unchanged = before?.digest === copy.root.digest && copied === 0;
  return {
    source: formatReference({ ...source, digest: root.digest }),
    target: formatReference(target),
    state: unchanged ? 'unchanged' : 'succeeded',
    before,
    copy: { ...copy, trimmed: copy.trimmed || isTrimmedAlready },
  };
}

/**
 * What the tag names already is no placement of a person, and the service goes on to look after it, unless the command
 * before died between the push and its record.
 */
async function ledgerOfUnfinished(
  ledger: TagLedger | undefined,
  target: TagReference,
): Promise<TagLedger | undefined> {
  const record = await ledger?.tags.get(tagKey(target));
  return record?.begunBy === undefined ? undefined : ledger;
}

/** Both questions at once; when both fail, the first's failure. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}
