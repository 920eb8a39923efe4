import {
  DEFAULT_REGISTRY,
  type Descriptor,
  type DigestReference,
  isTag,
  parseReference,
  REF_NAME_ANNOTATION,
  type Reference,
  type TagReference,
} from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import { artifactName, CONTAINERD_NAME_ANNOTATION } from '../archive/index.ts';

/** Where an artifact of an archive belongs. One that was exported by its digest gets no tag. */
export type ArtifactTarget = TagReference | DigestReference;

/**
 * Where an artifact of an archive belongs in the target registry. Its annotations give `[HOST/]REPOSITORY:TAG` or
 * `[HOST/]REPOSITORY@DIGEST`, whose host gives way to the target's; a name that is only a tag (as skopeo writes) is
 * joined with the archive's name without `.tar` as repository.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` when the annotations give no usable name.
 */
export function targetReference(
  { digest, annotations }: Pick<Descriptor, 'digest' | 'annotations'>,
  archiveName: string,
  targetRegistry: string,
): ArtifactTarget {
  const name = artifactName(annotations);
  if (!name) {
    throw unusable(
      archiveName,
      `its index gives an artifact no name in the annotation ${REF_NAME_ANNOTATION} or ${CONTAINERD_NAME_ANNOTATION}`,
    );
  }
  const named = isTag(name)
    ? referenceFor(archiveName, `${archiveName.replace(/\.tar$/i, '')}:${name}`, targetRegistry)
    : referenceFor(archiveName, name, targetRegistry);
  const target = { registry: targetRegistry, repository: named.repository };
  if (named.tag !== undefined) return { ...target, tag: named.tag };
  if (named.digest === digest) return { ...target, digest };
  const shown = `"${name.slice(0, 300)}"`;
  throw unusable(
    archiveName,
    named.digest ? `${shown} names another digest than ${digest}` : `${shown} names no tag`,
  );
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
    `Where to import "${archiveName.slice(0, 300)}" cannot be told: ${reason}. Expected [HOST/]REPOSITORY:TAG, [HOST/]REPOSITORY@DIGEST, or a tag in an archive named REPOSITORY.tar.`,
    options,
  );
}
