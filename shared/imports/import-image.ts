import {
  type Descriptor,
  formatReference,
  type Platform,
  type Reference,
  type RepositoryName,
  type TagReference,
} from '../content/index.ts';
import { InvalidInputError, RegistryError, TagExistsError } from '../errors.ts';
import { type CopyResult, copyGraph } from './copy/copy-graph.ts';
import type { CopyProgress } from './copy/copy-progress.ts';
import type { ContentSource, ContentTarget } from './ports.ts';

export interface ImportImageOptions {
  readonly platforms?: readonly Platform[] | undefined;
  /** Move a target tag that names other content; otherwise that is a `TagExistsError` before anything is copied. */
  readonly force?: boolean | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ImportImageResult {
  readonly source: string;
  readonly target: string;
  readonly state: 'succeeded' | 'unchanged';
  readonly before: Descriptor | undefined;
  readonly copy: CopyResult;
}

/**
 * One import straight from registry to registry, without queue or records: what `az acr import` does. The source
 * is resolved to a digest first, so a tag that moves in mid-copy cannot mix two images.
 * @throws TagExistsError when the target tag names other content and `force` is off.
 */
export async function importImage(
  repository: (name: RepositoryName) => ContentSource & ContentTarget,
  source: Reference,
  target: TagReference,
  options: ImportImageOptions = {},
): Promise<ImportImageResult> {
  const { signal } = options;
  const from = repository(source);
  const to = repository(target);
  const wanted = source.digest ?? source.tag;
  if (!wanted)
    throw new InvalidInputError('E_REFERENCE', `"${formatReference(source)}" needs a tag or a digest.`);
  const root = await from.resolve(wanted, { signal });
  if (!root) {
    throw new RegistryError(
      'E_NOT_FOUND',
      `${formatReference(source)} does not exist. Check the name and the tag, and whether the repository needs a login.`,
      { status: 404 },
    );
  }
  const before = await to.resolve(target.tag, { signal });
  if (before && before.digest !== root.digest && !options.force) {
    throw new TagExistsError(
      `${formatReference(target)} exists and is ${before.digest}, not ${root.digest}. Nothing was copied. Use --force to move the tag.`,
    );
  }
  const copy = await copyGraph(from, to, root.digest, {
    platforms: options.platforms,
    mountFrom: source.registry === target.registry ? source.repository : undefined,
    onProgress: options.onProgress,
    signal,
    publish: async (content, copySignal) => {
      if (before?.digest === content.digest) return;
      await to.pushManifest(target.tag, content, { signal: copySignal });
    },
  });
  const unchanged = before?.digest === copy.root.digest && copy.manifests.copied === 0;
  return {
    source: formatReference({ ...source, digest: root.digest }),
    target: formatReference(target),
    state: unchanged ? 'unchanged' : 'succeeded',
    before,
    copy,
  };
}
