import { type Descriptor, type ManifestContent, manifestContent } from '../../content/index.ts';

/**
 * The same index with only the children in `kept`: what a platform subset becomes where the target refuses an
 * index whose other children are missing. Other fields stay; the digest is necessarily a new one.
 */
export function trimIndex(index: ManifestContent, kept: readonly Descriptor[]): ManifestContent {
  const digests = new Set<unknown>(kept.map(({ digest }) => digest));
  const document: { manifests: { digest: unknown }[] } = JSON.parse(new TextDecoder().decode(index.bytes));
  const trimmed = { ...document, manifests: document.manifests.filter(({ digest }) => digests.has(digest)) };
  return manifestContent(new TextEncoder().encode(JSON.stringify(trimmed)), index.mediaType);
}
