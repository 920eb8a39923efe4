import { type Descriptor, type Digest, formatReference, type Platform } from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import type { ContentCallOptions, ContentSource } from '../../imports/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import {
  type Archive,
  type ArchiveArtifact,
  type ArchiveSetOptions,
  artifactName,
  openArchiveSet,
  type RandomAccessFile,
} from '../archive/index.ts';
import type { ArtifactTarget } from './target-reference.ts';

export interface CopyArtifactOptions extends ContentCallOptions {
  /** What the archive has of the index; absent: all of it. */
  readonly platforms?: readonly Platform[] | undefined;
}

/** Copies everything under `root`, then moves the target's tag if it has one. */
export type CopyArtifact<Outcome> = (
  source: ContentSource,
  root: Descriptor,
  target: ArtifactTarget,
  options: CopyArtifactOptions,
) => Promise<Outcome>;

export interface ImportArchiveRequest<Outcome>
  extends Pick<ArchiveSetOptions, 'openPart' | 'bases' | 'trustedKeys'> {
  /** Stays open until the import ends; the caller closes it. */
  readonly file: RandomAccessFile;
  /** The archive's name, for example that of its blob: `team/app.tar`. */
  readonly name: string;
  /** Where an artifact belongs; throws when it cannot be told. */
  readonly targetFor: (artifact: Descriptor, archiveName: string) => ArtifactTarget;
  readonly copy: CopyArtifact<Outcome>;
  /** Told once of the archive, before anything is copied. */
  readonly onOpened?: ((archive: Archive) => void) | undefined;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
}

export interface ImportedArtifact<Outcome> {
  readonly digest: Digest;
  readonly target: ArtifactTarget;
  readonly outcome: Outcome;
}

/**
 * Imports what an archive of images names, one artifact after the other and with what is attached to it, straight from
 * where it lies in the file. All targets are known before the first byte is copied. Artifacts without a name beside
 * named ones are left out and logged.
 * @throws ArchiveError, IntegrityError for what is wrong with the archive, and whatever `copy` throws.
 */
export async function importArchive<Outcome>({
  file,
  name,
  targetFor,
  copy,
  onOpened = () => {},
  logger,
  signal,
  ...others
}: ImportArchiveRequest<Outcome>): Promise<readonly ImportedArtifact<Outcome>[]> {
  await using archive = await openArchiveSet(file, name, { ...others, signal });
  onOpened(archive);
  const { plan, leftOut } = planImport(archive.artifacts, name, targetFor);
  for (const { digest } of leftOut) {
    logger.warn('archive artifact without a name left out', { archive: name, digest });
  }

  const imported: ImportedArtifact<Outcome>[] = [];
  for (const { root, platforms, target } of plan) {
    const outcome = await copy(archive.source, root, target, { signal, platforms });
    logger.info('archive artifact imported', {
      archive: name,
      digest: root.digest,
      registry: target.registry,
      repository: target.repository,
      ...(target.tag !== undefined && { tag: target.tag }),
    });
    imported.push({ digest: root.digest, target, outcome });
  }
  return imported;
}

export interface PlannedCopy extends Pick<ArchiveArtifact, 'platforms'> {
  readonly root: Descriptor;
  readonly target: ArtifactTarget;
}

/**
 * Decides which artifacts are imported, and to which targets. Unnamed artifacts beside named ones are left
 * out.
 * @throws ArchiveError when there is nothing, or two artifacts have one target, and whatever `targetFor`
 * throws
 */
export function planImport(
  artifacts: readonly ArchiveArtifact[],
  archiveName: string,
  targetFor: (artifact: Descriptor, archiveName: string) => ArtifactTarget,
): { readonly plan: readonly PlannedCopy[]; readonly leftOut: readonly Descriptor[] } {
  const { chosen, leftOut } = choose(artifacts);
  const plan = chosen.map(({ descriptor: root, platforms }) => ({
    root,
    platforms,
    target: targetFor(root, archiveName),
  }));
  checkPlan(plan, archiveName);
  return { plan, leftOut };
}

/** Where nothing has a name everything is chosen: asking for a target then fails and says what is missing. */
function choose(artifacts: readonly ArchiveArtifact[]) {
  const isNamed = ({ descriptor }: ArchiveArtifact) => artifactName(descriptor.annotations) !== undefined;
  const named = artifacts.filter(isNamed);
  if (named.length === 0) return { chosen: artifacts, leftOut: [] };
  const leftOut = artifacts.filter((one) => !isNamed(one)).map(({ descriptor }) => descriptor);
  return { chosen: named, leftOut };
}

function checkPlan(plan: readonly PlannedCopy[], archiveName: string): void {
  if (plan.length === 0) {
    throw new ArchiveError('E_ARCHIVE_FORMAT', `The index of "${archiveName}" lists nothing to import.`);
  }
  const digests = new Map<string, Digest>();
  for (const { root, target } of plan) {
    const reference = formatReference(target);
    const other = digests.get(reference) ?? root.digest;
    if (other !== root.digest) {
      throw new ArchiveError(
        'E_ARCHIVE_FORMAT',
        `"${archiveName}" has two artifacts for ${reference}: ${other} and ${root.digest}. Give each its own name.`,
      );
    }
    digests.set(reference, root.digest);
  }
}
