import { type Descriptor, type Digest, type ManifestContent, manifestContent } from '../../content/index.ts';

/**
 * The same index with only the children in `kept`, those in `renamed` by their new digest and size: what a platform
 * subset becomes where the target refuses an index whose other children are missing. Other fields stay; the digest
 * is necessarily a new one.
 */
export function trimIndex(
  index: ManifestContent,
  kept: readonly Descriptor[],
  renamed: ReadonlyMap<unknown, { readonly digest: Digest; readonly size: number }> = new Map(),
): ManifestContent {
  const digests = new Set<unknown>(kept.map(({ digest }) => digest));
  const document: { manifests: { digest: unknown }[] } = JSON.parse(new TextDecoder().decode(index.bytes));
  const manifests = document.manifests
    .filter(({ digest }) => digests.has(digest))
    .map((entry) => {
      const to = renamed.get(entry.digest);
      return to ? { ...entry, digest: to.digest, size: to.size } : entry;
    });
  return manifestContent(
    new TextEncoder().encode(JSON.stringify({ ...document, manifests })),
    index.mediaType,
  );
}
