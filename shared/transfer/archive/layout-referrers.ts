import pLimit from 'p-limit';
import {
  type Descriptor,
  type Digest,
  isCosignTag,
  type ManifestContent,
  parseDigestTag,
  parseManifest,
} from '../../content/index.ts';
import { ArchiveError, InvalidInputError } from '../../errors.ts';
import type { ArchiveSource } from './archive-source.ts';
import { artifactName } from './artifact-name.ts';
import type { CatalogReferrer } from './catalog.ts';
import type { ReadOptions } from './random-access.ts';

const MAX_UNNAMED = 2_000;
const READS_AT_ONCE = 6;

export interface LayoutReferrers {
  readonly referrers: readonly CatalogReferrer[];
  /** The entries of the layout's index that list them. They are not artifacts. */
  readonly entries: ReadonlySet<Descriptor>;
}

/**
 * Finds the referrers that the index of a layout lists beside its artifacts: entries without a name whose
 * manifest has a subject (oras), and entries named by a cosign tag or a referrers tag. The subject must be in
 * the archive.
 */
export async function findLayoutReferrers(
  manifests: readonly Descriptor[],
  source: Pick<ArchiveSource, 'has' | 'fetchManifest'>,
  options: ReadOptions,
): Promise<LayoutReferrers> {
  const referrers: CatalogReferrer[] = [];
  const entries = new Set<Descriptor>();
  const unnamed = manifests.filter(({ annotations }) => !artifactName(annotations));
  // Without any name the import fails and says so; referrers do not matter then.
  const candidates = unnamed.length === manifests.length ? [] : unnamed;
  if (candidates.length > MAX_UNNAMED) {
    throw new ArchiveError(
      'E_ARCHIVE_FORMAT',
      `The archive's index lists ${candidates.length} manifests without a name; at most ${MAX_UNNAMED} are looked into.`,
    );
  }
  const slots = pLimit(READS_AT_ONCE);
  const subjects = await Promise.all(
    candidates.map((entry) =>
      slots(async () => ({ entry, subject: await subjectOf(entry, source, options) })),
    ),
  );
  for (const { entry, subject } of subjects) {
    if (!subject || !source.has(subject)) continue;
    referrers.push({ subject, ...plain(entry) });
    entries.add(entry);
  }
  for (const entry of manifests) {
    const named = namedAfter(artifactName(entry.annotations) ?? '');
    if (!named || !source.has(named.subject)) continue;
    const listed = named.tag ? [entry] : await listedIn(entry, source, options);
    if (!listed) continue;
    entries.add(entry);
    referrers.push(...listed.map((one) => ({ ...named, ...plain(one) })));
  }
  return { referrers, entries };
}

async function subjectOf(
  { digest }: Descriptor,
  source: Pick<ArchiveSource, 'has' | 'fetchManifest'>,
  options: ReadOptions,
): Promise<Digest | undefined> {
  if (!source.has(digest)) return undefined;
  const manifest = readable(await source.fetchManifest(digest, options));
  return manifest && 'subject' in manifest ? manifest.subject?.digest : undefined;
}

/** Distribution-spec, "Referrers Tag Schema": the tag names an index of the referrers. */
async function listedIn(
  { digest }: Descriptor,
  source: Pick<ArchiveSource, 'has' | 'fetchManifest'>,
  options: ReadOptions,
): Promise<readonly Descriptor[] | undefined> {
  if (!source.has(digest)) return undefined;
  const manifest = readable(await source.fetchManifest(digest, options));
  return manifest?.kind === 'index' ? manifest.manifests : undefined;
}

/** The subject that a name is made from: by cosign's tag, or by a referrers tag, which then has no `tag` here. */
function namedAfter(name: string): { readonly subject: Digest; readonly tag?: string } | undefined {
  const tag = name.slice(name.lastIndexOf(':') + 1);
  const { subject, suffix } = parseDigestTag(tag) ?? {};
  if (!subject) return undefined;
  if (suffix === undefined) return { subject };
  return isCosignTag(tag) ? { subject, tag } : undefined;
}

function readable(content: ManifestContent) {
  try {
    return parseManifest(content);
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

function plain({ mediaType, digest, size }: Descriptor) {
  return { mediaType, digest, size };
}
