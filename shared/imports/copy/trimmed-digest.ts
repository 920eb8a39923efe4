import { type Digest, type Platform, parseManifest } from '../../content/index.ts';
import type { ContentSource } from './content-ports.ts';
import { selectChildren, trimmedIndexes } from './select-children.ts';

/** What the platform subset of an index is called where partial indexes are refused; `undefined` when it is not one. */
export async function trimmedDigest(
  source: Pick<ContentSource, 'fetchManifest'>,
  root: Digest,
  {
    platforms = [],
    signal,
  }: { readonly platforms?: readonly Platform[] | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Digest | undefined> {
  if (platforms.length === 0) return undefined;
  const content = await source.fetchManifest(root, { signal });
  const manifest = parseManifest(content);
  if (manifest.kind !== 'index') return undefined;
  const selection = await selectChildren(content, manifest, platforms, (digest) =>
    source.fetchManifest(digest, { signal }),
  );
  return trimmedIndexes(selection).at(-1)?.digest;
}
