import { algorithmOf, type Digest, encodedOf } from '../../content/index.ts';
import type { RepositoryContext } from '../endpoint/repository-context.ts';
import type { PullOptions, TaggedManifest } from '../types.ts';
import { resolveManifest } from './manifests.ts';

/** How cosign names what it attaches without the referrers API: signatures, attestations, SBOMs. */
const SUFFIXES = ['sig', 'att', 'sbom'];

/** See `Repository.cosignTags`. */
export async function findCosignTags(
  context: RepositoryContext,
  subject: Digest,
  options: PullOptions = {},
): Promise<readonly TaggedManifest[]> {
  const found = await Promise.all(
    SUFFIXES.map(async (suffix) => {
      const tag = `${algorithmOf(subject)}-${encodedOf(subject)}.${suffix}`;
      const manifest = tag.length <= MAX_TAG_CHARS ? await resolveManifest(context, tag, options) : undefined;
      return manifest ? [{ tag, digest: manifest.digest }] : [];
    }),
  );
  return found.flat();
}

/** A sha512 digest does not fit into a tag, so nothing can be attached to it this way. */
const MAX_TAG_CHARS = 128;
