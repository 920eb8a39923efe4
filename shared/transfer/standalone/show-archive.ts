import { type Digest, formatReference, type RepositoryName } from '../../content/index.ts';
import type { SideOptions } from '../../errors.ts';
import type { ContentCallOptions, ContentTarget } from '../../imports/index.ts';
import { type Archive, artifactName, type Catalog } from '../archive/index.ts';
import { type ArtifactTarget, targetReference } from '../import/index.ts';
import { type ArtifactContents, inspectArtifact } from './inspect-artifact.ts';
import { type OpenCall, openArchiveSource } from './open-archive-source.ts';

/** What an artifact would need to be imported. */
export interface TargetGap {
  readonly target: string;
  /** What the tag names there now. */
  readonly before: Digest | undefined;
  /** `unchanged`: nothing to do. `new`: no such tag. `moves`: the tag names other content. */
  readonly state: 'unchanged' | 'new' | 'moves';
  /** Blobs that the target lacks, with their bytes. */
  readonly blobs: number;
  readonly bytes: number;
  /** Blobs that are missing there and here: they lie in an archive that this one builds upon, or in another part. */
  readonly missing: number;
  /** What is attached to the artifact here and is not there. */
  readonly referrers: number;
}

export interface ShownArtifact extends Omit<ArtifactContents, 'manifests' | 'blobs'> {
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly blobs: number;
  /** Signatures, SBOMs, attestations; `undefined` in archives that others made. */
  readonly referrers: number | undefined;
  readonly gap: TargetGap | undefined;
}

export interface ShownArchive {
  readonly from: string;
  /** Names of its files. */
  readonly parts: readonly string[];
  /** Names of parts that are not there. */
  readonly missingParts: readonly string[];
  /** The key that is said to have signed it. */
  readonly signedBy: string | undefined;
  /** Whether one of the keys given did. Without keys nothing was checked. */
  readonly isVerified: boolean;
  readonly base: Digest | undefined;
  readonly artifacts: readonly ShownArtifact[];
}

/** A repository of which it is asked what it lacks. */
export interface LookedAtRepository extends Pick<ContentTarget, 'resolve'> {
  hasBlob(digest: Digest, options?: ContentCallOptions): Promise<boolean>;
}

export interface ShowCall extends OpenCall {
  /** With a registry: what that lacks. */
  readonly target?:
    | {
        readonly repository: {
          repository(name: RepositoryName, options?: SideOptions): LookedAtRepository;
        };
        readonly registry: string;
      }
    | undefined;
  /** Show a part also when others are not there. */
  readonly lacksParts?: boolean | undefined;
}

/** What an archive holds, and what a registry lacks of it. Reads manifests only, and asks the registry by HEAD. */
export async function showArchive(call: ShowCall): Promise<ShownArchive> {
  const { target, signal } = call;
  await using opened = await openArchiveSource(call, call);
  const { archive, files, place, missingParts } = opened;
  const artifacts: ShownArtifact[] = [];
  for (const artifact of archive.artifacts) {
    const { digest, mediaType, annotations } = artifact.descriptor;
    const survey = await inspectArtifact(archive.source, artifact, { signal });
    const called = artifactName(annotations);
    // Several names may have the same digest.
    const listed = archive.catalog?.catalog.artifacts.find(
      ({ name, digest: its }) => its === digest && name === called,
    );
    const reference = target && targetReference(artifact.descriptor, place.name, target.registry);
    const { blobs, platforms, size } = survey;
    artifacts.push({
      name: called ?? digest,
      digest,
      mediaType,
      platforms,
      size,
      blobs: blobs.length,
      referrers: listed?.referrers.length,
      gap:
        target &&
        reference &&
        (await gapOf(target.repository.repository(reference, { side: 'target' }), reference, archive.source, {
          root: digest,
          blobs,
          referrers: listed?.referrers ?? [],
          signal,
        })),
    });
  }
  const signature = archive.catalog?.signature;
  return {
    from: place.shown,
    parts: inOrder(files.map(({ name }) => name)),
    missingParts: inOrder(missingParts),
    signedBy: signature && keyIdIn(signature),
    isVerified: call.verifyKeys !== undefined,
    base: archive.catalog?.catalog.base?.catalog,
    artifacts,
  };
}

interface GapQuestion {
  readonly root: Digest;
  readonly blobs: ArtifactContents['blobs'];
  readonly referrers: Catalog['artifacts'][number]['referrers'];
  readonly signal: AbortSignal | undefined;
}

async function gapOf(
  to: LookedAtRepository,
  target: ArtifactTarget,
  source: Archive['source'],
  { root, blobs, referrers, signal }: GapQuestion,
): Promise<TargetGap> {
  const before = (await to.resolve(target.tag ?? root, { signal }))?.digest;
  const isThere = before === root;
  const lacking = [];
  if (!isThere)
    for (const blob of blobs) if (!(await to.hasBlob(blob.digest, { signal }))) lacking.push(blob);
  let lackingReferrers = 0;
  for (const { tag, digest } of referrers)
    if ((await to.resolve(tag ?? digest, { signal }))?.digest !== digest) lackingReferrers += 1;
  return {
    target: formatReference(target),
    before,
    state: isThere ? 'unchanged' : before ? 'moves' : 'new',
    blobs: lacking.length,
    bytes: lacking.reduce((sum, { size }) => sum + size, 0),
    missing: lacking.filter(({ digest }) => !source.has(digest)).length,
    referrers: lackingReferrers,
  };
}

/** Parts are found in any order. */
function inOrder(parts: readonly string[]): readonly string[] {
  return parts.toSorted(new Intl.Collator('en', { numeric: true }).compare);
}

/** Not verified: it is what the archive says. */
function keyIdIn(signature: Uint8Array): string {
  try {
    const { keyId }: { keyId?: unknown } = Object(JSON.parse(new TextDecoder().decode(signature)));
    return String(keyId).slice(0, 100);
  } catch {
    return 'unknown: the signature cannot be read';
  }
}
