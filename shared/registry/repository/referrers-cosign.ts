import { cosignTagsOf, type Digest } from '../../content/index.ts';
import type { RepositoryContext } from '../endpoint/repository-context.ts';
import type { PullOptions, TaggedManifest } from '../types.ts';
import { resolveManifest } from './manifests.ts';

/** See `Repository.cosignTags`. */
export async function findCosignTags(
  context: RepositoryContext,
  subject: Digest,
  options: PullOptions = {},
): Promise<readonly TaggedManifest[]> {
  const found = await Promise.all(
    cosignTagsOf(subject).map(async (tag) => {
      const manifest = await resolveManifest(context, tag, options);
      return manifest ? [{ tag, digest: manifest.digest }] : [];
    }),
  );
  return found.flat();
}
