import {
  DEFAULT_REGISTRY,
  type Descriptor,
  isTag,
  parseReference,
  REF_NAME_ANNOTATION,
  type Reference,
  type TagReference,
} from '../content/index.ts';
import { ArchiveError } from '../errors.ts';

/** Set by containerd, BuildKit and `docker save`: always a full reference, where their `ref.name` is only a tag. */
const CONTAINERD_NAME_ANNOTATION = 'io.containerd.image.name';

/** What an archive calls an artifact: a reference, or a tag. */
export function annotatedName(annotations: Descriptor['annotations']): string | undefined {
  return annotations?.[CONTAINERD_NAME_ANNOTATION] || annotations?.[REF_NAME_ANNOTATION] || undefined;
}

/**
 * Where an artifact of an archive belongs in the target registry. Its annotations give `[HOST/]REPOSITORY:TAG`,
 * whose host gives way to the target's; a name that is only a tag (as skopeo writes) is joined with the archive's
 * name without `.tar` as repository.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` when the annotations give no usable name.
 */
export function targetReference(
  annotations: Descriptor['annotations'],
  archiveName: string,
  targetRegistry: string,
): TagReference {
  const name = annotatedName(annotations);
  if (!name) {
    throw unusable(
      archiveName,
      `its index gives an artifact no name in the annotation ${REF_NAME_ANNOTATION} or ${CONTAINERD_NAME_ANNOTATION}`,
    );
  }
  const { repository, tag } = isTag(name)
    ? referenceFor(archiveName, `${archiveName.replace(/\.tar$/i, '')}:${name}`, targetRegistry)
    : referenceFor(archiveName, name, targetRegistry);
  if (!tag) throw unusable(archiveName, `"${name.slice(0, 300)}" names no tag`);
  return { registry: targetRegistry, repository, tag };
}

/** Docker's reading takes a name without a host for one on Docker Hub; here it belongs to the target. */
function referenceFor(archiveName: string, name: string, targetRegistry: string): Reference {
  try {
    const reference = parseReference(name);
    const isHubByDefault = reference.registry === DEFAULT_REGISTRY && !/^(?:index\.)?docker\.io\//.test(name);
    return isHubByDefault ? parseReference(`${targetRegistry}/${name}`) : reference;
  } catch (cause) {
    throw unusable(archiveName, `"${name.slice(0, 300)}" is not a reference`, { cause });
  }
}

function unusable(archiveName: string, reason: string, options?: ErrorOptions): ArchiveError {
  return new ArchiveError(
    'E_ARCHIVE_FORMAT',
    `Where to import "${archiveName.slice(0, 300)}" cannot be told: ${reason}. Expected [HOST/]REPOSITORY:TAG, or a tag in an archive named REPOSITORY.tar.`,
    options,
  );
}
