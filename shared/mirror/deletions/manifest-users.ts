import pLimit from 'p-limit';
import { type Digest, isIndexType, parseManifest } from '../../content/index.ts';
import { TransportError } from '../../errors.ts';
import type { Repository } from '../../registry/index.ts';

const HEADS_AT_ONCE = 16;
/** More cannot be asked for within the time that a tag is held. */
const MAX_TAGS = 10_000;

/**
 * The other tags of a repository that would lose something with a manifest: they name it, or an index that holds it. Asks for
 * every tag by HEAD and reads each index once.
 * @throws TransportError `E_TOO_LARGE`; what the registry says; the signal's reason
 */
export async function manifestUsers(
  repository: Pick<Repository, 'tags' | 'resolve' | 'fetchManifest'>,
  { tag, digest }: { readonly tag: string; readonly digest: Digest },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const others: string[] = [];
  for await (const other of repository.tags({ signal })) {
    if (other !== tag) others.push(other);
    if (others.length > MAX_TAGS) {
      throw new TransportError('E_TOO_LARGE', `There are more than ${MAX_TAGS} tags that may need it.`);
    }
  }
  const found = await pLimit(HEADS_AT_ONCE).map(others, async (other) => ({
    other,
    there: await repository.resolve(other, { signal }),
  }));
  const users: string[] = [];
  const read = new Map<Digest, boolean>();
  for (const { other, there } of found) {
    if (there && (await holds(there.digest, there.mediaType))) users.push(other);
  }
  return users;

  async function holds(root: Digest, mediaType: string): Promise<boolean> {
    if (root === digest) return true;
    if (!isIndexType(mediaType)) return false;
    const known = read.get(root);
    if (known !== undefined) return known;
    read.set(root, false);
    const index = parseManifest(await repository.fetchManifest(root, { signal }));
    let isHolder = false;
    if (index.kind === 'index') {
      for (const child of index.manifests) isHolder ||= await holds(child.digest, child.mediaType);
    }
    read.set(root, isHolder);
    return isHolder;
  }
}
