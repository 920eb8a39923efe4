import {
  type Descriptor,
  type Digest,
  formatPlatform,
  type IndexManifest,
  isIndexType,
  type ManifestContent,
  matchesPlatform,
  type Platform,
  parseManifest,
} from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';
import { trimIndex } from './trim-index.ts';

/** How buildx ties an attestation (`unknown/unknown`) to the platform manifest it speaks about. */
const ATTESTATION_SUBJECT = 'vnd.docker.reference.digest';
/** Index of indexes of indexes: deeper than anything real, shallow enough for a hostile source. */
export const MAX_INDEX_DEPTH = 4;

/** What is copied of an index. */
export interface Selection {
  readonly content: ManifestContent;
  readonly kept: readonly Descriptor[];
  /** Those of `kept` that are indexes without a platform of their own, and what is copied of them. */
  readonly nested: ReadonlyMap<Digest, Selection>;
  /** Something of the index, or of one nested in it, is left out. */
  readonly isPartial: boolean;
}

/**
 * The children of an index to copy: all, or those for the wanted platforms with their attestations. An entry that
 * is an index and names no platform is looked into.
 * @param content a manifest that `parseManifest` calls an index
 * @throws InvalidInputError `E_PLATFORM` when none of the wanted platforms is there; it lists those that are.
 */
export async function selectChildren(
  content: ManifestContent,
  index: IndexManifest,
  wanted: readonly Platform[],
  fetch: (digest: Digest) => Promise<ManifestContent>,
): Promise<Selection> {
  if (wanted.length === 0) return { content, kept: index.manifests, nested: new Map(), isPartial: false };
  const offered = new Set<string>();
  const selection = await select(content, index, 1);
  if (selection.kept.length > 0) return selection;
  throw new InvalidInputError(
    'E_PLATFORM',
    `The image is not for ${wanted.map(formatPlatform).join(' or ')}. It is for: ${[...offered].join(', ') || 'none that is named'}.`,
  );

  async function select(
    outer: ManifestContent,
    { manifests }: IndexManifest,
    depth: number,
  ): Promise<Selection> {
    const digests = new Set(manifests.filter(isOpen).map(({ digest }) => digest));
    if (digests.size > 0 && depth >= MAX_INDEX_DEPTH) throw nestedTooDeep();
    for (const { platform, annotations } of manifests)
      if (platform && !annotations?.[ATTESTATION_SUBJECT]) offered.add(formatPlatform(platform));
    const nested = new Map<Digest, Selection>();
    await Promise.all(
      [...digests].map(async (digest) => {
        const inner = await fetch(digest);
        const manifest = parseManifest(inner);
        if (manifest.kind !== 'index') return;
        const chosen = await select(inner, manifest, depth + 1);
        if (chosen.kept.length > 0) nested.set(digest, chosen);
      }),
    );
    const kept = matching(manifests, wanted, nested);
    const isPartial = kept.length < manifests.length || [...nested.values()].some((inner) => inner.isPartial);
    return { content: outer, kept, nested, isPartial };
  }
}

export function nestedTooDeep(): InvalidInputError {
  return new InvalidInputError('E_MANIFEST', `Indexes are nested more than ${MAX_INDEX_DEPTH} deep.`);
}

/**
 * The selection as indexes that name nothing but what is selected: what it becomes where the target refuses an
 * index whose other children are missing. The last one is the whole, the others are what it names.
 */
export function trimmedIndexes({ content, kept, nested }: Selection): readonly ManifestContent[] {
  const inner = [...nested].flatMap(([digest, selection]) =>
    selection.isPartial ? [{ digest, indexes: trimmedIndexes(selection) }] : [],
  );
  const renamed = new Map(
    inner.flatMap(({ digest, indexes }) => indexes.slice(-1).map((to) => [digest, to])),
  );
  return [...inner.flatMap(({ indexes }) => indexes), trimIndex(content, kept, renamed)];
}

function matching(
  manifests: readonly Descriptor[],
  wanted: readonly Platform[],
  nested: ReadonlyMap<Digest, Selection>,
): readonly Descriptor[] {
  const chosen = new Set<string>(nested.keys());
  for (const { digest, platform } of manifests) {
    if (platform && wanted.some((one) => matchesPlatform(one, platform))) chosen.add(digest);
  }
  return manifests.filter(
    ({ digest, annotations }) => chosen.has(digest) || chosen.has(annotations?.[ATTESTATION_SUBJECT] ?? ''),
  );
}

function isOpen({ mediaType, platform }: Descriptor): boolean {
  return platform === undefined && isIndexType(mediaType);
}
