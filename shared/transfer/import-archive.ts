import { type Descriptor, type Digest, formatReference, type TagReference } from '../content/index.ts';
import { ArchiveError } from '../errors.ts';
import type { ContentCallOptions, ContentSource } from '../imports/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { openLayoutArchive } from './archive/layout-archive.ts';
import type { RandomAccessFile } from './archive/random-access.ts';
import { annotatedName } from './target-reference.ts';

/** Copies everything under `root` and then makes the target's tag name it. */
export type CopyArtifact<Outcome> = (
  source: ContentSource,
  root: Descriptor,
  target: TagReference,
  options: ContentCallOptions,
) => Promise<Outcome>;

export interface ImportArchiveRequest<Outcome> {
  /** Stays open until the import ends; the caller closes it. */
  readonly file: RandomAccessFile;
  /** The archive's name, for example that of its blob: `team/app.tar`. */
  readonly name: string;
  /** Where an artifact with these annotations belongs; throws when it cannot be told. */
  readonly targetFor: (annotations: Descriptor['annotations'], archiveName: string) => TagReference;
  readonly copy: CopyArtifact<Outcome>;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
}

export interface ImportedArtifact<Outcome> {
  readonly digest: Digest;
  readonly target: TagReference;
  readonly outcome: Outcome;
}

/**
 * Imports what an image layout archive names, one artifact after the other, straight from where it lies in the
 * file. All targets are known before the first byte is copied. Artifacts without a name beside named ones
 * (referrers, as a rule) are left out and logged.
 * @throws ArchiveError, IntegrityError for what is wrong with the archive, and whatever `copy` throws.
 */
export async function importArchive<Outcome>({
  file,
  name,
  targetFor,
  copy,
  logger,
  signal,
}: ImportArchiveRequest<Outcome>): Promise<readonly ImportedArtifact<Outcome>[]> {
  const { artifacts, source } = await openLayoutArchive(file, { signal });
  const { chosen, leftOut } = choose(artifacts.map(({ descriptor }) => descriptor));
  const plan = chosen.map((root) => ({ root, target: targetFor(root.annotations, name) }));
  checkPlan(plan, name);
  for (const { digest } of leftOut) {
    logger.warn('archive artifact without a name left out', { archive: name, digest });
  }

  const imported: ImportedArtifact<Outcome>[] = [];
  for (const { root, target } of plan) {
    const outcome = await copy(source, root, target, { signal });
    logger.info('archive artifact imported', {
      archive: name,
      digest: root.digest,
      registry: target.registry,
      repository: target.repository,
      tag: target.tag,
    });
    imported.push({ digest: root.digest, target, outcome });
  }
  return imported;
}

interface PlannedCopy {
  readonly root: Descriptor;
  readonly target: TagReference;
}

/** Where nothing has a name everything is chosen: asking for a target then fails and says what is missing. */
function choose(roots: readonly Descriptor[]) {
  const named = roots.filter(({ annotations }) => annotatedName(annotations));
  if (named.length === 0) return { chosen: roots, leftOut: [] };
  return { chosen: named, leftOut: roots.filter(({ annotations }) => !annotatedName(annotations)) };
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
        `"${archiveName}" has two artifacts for ${reference}: ${other} and ${root.digest}. Give each a name of its own.`,
      );
    }
    digests.set(reference, root.digest);
  }
}
