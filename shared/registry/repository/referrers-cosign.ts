import { cosignTagsOf, type Digest } from '../../content/index.ts';
import type { PullOptions, RepositoryContext } from '../endpoint/index.ts';
import { resolveManifest } from './manifests.ts';

/** A tag and what it names. */
export interface TaggedManifest {
  readonly tag: string;
  readonly digest: Digest;
}

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
