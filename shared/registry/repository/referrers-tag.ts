import {
  algorithmOf,
  type Descriptor,
  type Digest,
  encodedOf,
  isDigest,
  isIndexType,
  type ManifestContent,
} from '../../content/index.ts';
import { operationOn, type PullOptions, type RepositoryContext } from '../endpoint/index.ts';
import type { CallOptions } from '../http/index.ts';
import { parseJson } from '../protocol/index.ts';
import { findManifest, pushManifest, resolveManifest } from './manifests.ts';
import { parseReferrers } from './referrers-document.ts';
import { addToReferrersIndex } from './referrers-index.ts';

const MAX_ENCODED_CHARS = 64;

/** The tag of the index of referrers where there is no API. Distribution-spec, "Referrers Tag Schema". */
function referrersTag(subject: Digest): string {
  return `${algorithmOf(subject)}-${encodedOf(subject).slice(0, MAX_ENCODED_CHARS)}`;
}

/** What the tag schema lists as referrers of `subject`. */
export async function referrersUnderTag(
  context: RepositoryContext,
  subject: Digest,
  options: PullOptions,
): Promise<readonly Descriptor[]> {
  const tag = referrersTag(subject);
  // Most images have no referrers, and registries may count a GET as a pull also of what is not there.
  const isThere = (await resolveManifest(context, tag, options)) !== undefined;
  const content = isThere ? await findManifest(context, tag, options) : undefined;
  // A tag of that name that is not an index lists nothing.
  if (!content || !isIndexType(content.mediaType)) return [];
  const referrers = parseReferrers(parseJson(content.bytes));
  if (referrers) return referrers;
  throw context.endpoint.malformed(
    operationOn(context, 'fetch manifest', tag),
    'has something there that is not an index of referrers',
  );
}

/** See `Repository.addReferrers`. */
export async function addReferrers(
  context: RepositoryContext,
  subject: Digest,
  referrers: readonly ManifestContent[],
  options: CallOptions = {},
): Promise<void> {
  const tag = referrersTag(subject);
  await addToReferrersIndex(
    {
      tag,
      read: () => findManifest(context, tag, options),
      write: async (index) => void (await pushManifest(context, tag, index, options)),
      has: async (digest) =>
        isDigest(digest) && (await resolveManifest(context, digest, options)) !== undefined,
    },
    referrers,
  );
}
