import {
  type Descriptor,
  formatPlatform,
  type IndexManifest,
  matchesPlatform,
  type Platform,
} from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';

/** How buildx ties an attestation (`unknown/unknown`) to the platform manifest it speaks about. */
const ATTESTATION_SUBJECT = 'vnd.docker.reference.digest';

/**
 * The children of an index to copy: all, or those for the wanted platforms with their attestations.
 * @throws InvalidInputError `E_PLATFORM` when none of the wanted platforms is there; it lists those that are.
 */
export function selectChildren(index: IndexManifest, wanted: readonly Platform[]): readonly Descriptor[] {
  if (wanted.length === 0) return index.manifests;
  const matching = index.manifests.filter(
    ({ platform }) => platform && wanted.some((one) => matchesPlatform(one, platform)),
  );
  if (matching.length === 0) {
    const offered = new Set(
      index.manifests.flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : [])),
    );
    throw new InvalidInputError(
      'E_PLATFORM',
      `The image has none of the platforms ${wanted.map(formatPlatform).join(', ')}. It has: ${[...offered].join(', ') || 'none named'}.`,
    );
  }
  const digests = new Set<string>(matching.map(({ digest }) => digest));
  return index.manifests.filter(
    ({ digest, annotations }) => digests.has(digest) || digests.has(annotations?.[ATTESTATION_SUBJECT] ?? ''),
  );
}
