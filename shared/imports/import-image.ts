import {
  type Descriptor,
  type Digest,
  formatReference,
  type Platform,
  parseManifest,
  type Reference,
  type RepositoryName,
  type TagReference,
} from '../content/index.ts';
import { InvalidInputError, RegistryError, TagExistsError } from '../errors.ts';
import { type CopyResult, copyGraph } from './copy/copy-graph.ts';
import type { CopyProgress } from './copy/copy-progress.ts';
import { selectChildren, trimmedIndexes } from './copy/select-children.ts';
import type { ContentSource, ContentTarget } from './ports.ts';

export interface ImportImageOptions {
  readonly platforms?: readonly Platform[] | undefined;
  /** Move a target tag that names other content; otherwise that is a `TagExistsError`, as a rule before anything is copied. */
  readonly force?: boolean | undefined;
  /** Import what is attached to the image as well: signatures, SBOMs, attestations. Default: true. */
  readonly referrers?: boolean | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
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
 * One import straight from registry to registry, without queue or records: what `az acr import` does. The source
 * is resolved to a digest first, so a tag that moves in mid-copy cannot mix two images.
 * @throws TagExistsError when the target tag names other content and `force` is off.
 */
export async function importImage(
  repository: (name: RepositoryName) => ContentSource & ContentTarget,
  source: Reference,
  target: TagReference,
  options: ImportImageOptions = {},
): Promise<ImportImageResult> {
  const { signal } = options;
  const from = repository(source);
  const to = repository(target);
  const wanted = source.digest ?? source.tag;
  if (!wanted)
    throw new InvalidInputError('E_REFERENCE', `"${formatReference(source)}" needs a tag or a digest.`);
  const root = await from.resolve(wanted, { signal });
  if (!root) {
    throw new RegistryError(
      'E_NOT_FOUND',
      `${formatReference(source)} does not exist. Check the name and the tag, and whether the repository needs a login.`,
      { status: 404 },
    );
  }
  const before = await to.resolve(target.tag, { signal });
  const keeps = before !== undefined && before.digest !== root.digest && !options.force;
  const isTrimmedAlready = keeps && before.digest === (await trimmedDigest(from, root.digest, options));
  if (keeps && !isTrimmedAlready) throw tagExists(target, before, root);
  const copy = await copyGraph(from, to, isTrimmedAlready ? before.digest : root.digest, {
    platforms: isTrimmedAlready ? undefined : options.platforms,
    mountFrom: source.registry === target.registry ? source.repository : undefined,
    referrers: options.referrers,
    onProgress: options.onProgress,
    signal,
    publish: async (content, copySignal) => {
      // A tag that is to be moved whatever it names need not be asked about again.
      const movesAnyway = options.force && before?.digest !== content.digest;
      if (!movesAnyway) {
        const now = await to.resolve(target.tag, { signal: copySignal });
        if (now?.digest === content.digest) return;
        // Somebody else pushed the tag while this copied.
        if (now && now.digest !== before?.digest && !options.force) throw tagExists(target, now, content);
      }
      await to.pushManifest(target.tag, content, { signal: copySignal });
    },
  });
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

/** What the platform subset of an index is called where partial indexes are refused; `undefined` when it is not one. */
async function trimmedDigest(
  source: ContentSource,
  root: Digest,
  { platforms = [], signal }: ImportImageOptions,
): Promise<Digest | undefined> {
  if (platforms.length === 0) return undefined;
  const content = await source.fetchManifest(root, { signal });
  const manifest = parseManifest(content);
  if (manifest.kind !== 'index') return undefined;
  const selection = await selectChildren(content, manifest, platforms, (digest) =>
    source.fetchManifest(digest, { signal }),
  );
  return trimmedIndexes(selection).at(-1)?.digest;
}

function tagExists(
  target: TagReference,
  there: Pick<Descriptor, 'digest'>,
  wanted: Pick<Descriptor, 'digest'>,
): TagExistsError {
  return new TagExistsError(
    `${formatReference(target)} exists and is ${there.digest}, not ${wanted.digest}. The tag was left as it is; use --force to move it.`,
  );
}
