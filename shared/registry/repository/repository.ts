import { assertRepositoryName, type Place } from '../endpoint/repository-context.ts';
import { listDigests } from '../families/index.ts';
import type { Repository } from '../types.ts';
import { deleteBlob, hasBlob, openBlob } from './blobs.ts';
import { deleteManifest, fetchManifest, pushManifest, resolveManifest } from './manifests.ts';
import { pushBlob } from './push-blob.ts';
import { listReferrers } from './referrers.ts';
import { findCosignTags } from './referrers-cosign.ts';
import { addReferrers } from './referrers-tag.ts';
import { isUnknownRepository } from './repository-exists.ts';
import { deleteTag } from './tag-deletion.ts';
import { listTags } from './tags.ts';

/** @throws InvalidInputError `E_REFERENCE` for a name that is not one */
export function createRepository(place: Place): Repository {
  assertRepositoryName(place.name);
  return {
    name: place.name,
    tags: (options) => listTags(place, options),
    listDigests: (options) => listDigests(place, place.channel.settings.family, options),
    isUnknown: (options) => isUnknownRepository(place, options),
    resolve: (tagOrDigest, options) => resolveManifest(place, tagOrDigest, options),
    fetchManifest: (tagOrDigest, options) => fetchManifest(place, tagOrDigest, options),
    pushManifest: (tagOrDigest, content, options) => pushManifest(place, tagOrDigest, content, options),
    deleteManifest: (tagOrDigest, options) => deleteManifest(place, tagOrDigest, options),
    deleteTag: (tag, options) => deleteTag(place, tag, options),
    referrers: (subject, options) => listReferrers(place, subject, options),
    cosignTags: (subject, options) => findCosignTags(place, subject, options),
    addReferrers: (subject, referrers, options) => addReferrers(place, subject, referrers, options),
    hasBlob: (digest, options) => hasBlob(place, digest, options),
    openBlob: (blob, options) => openBlob(place, blob, options),
    pushBlob: (blob, open, options) => pushBlob(place, blob, open, options),
    deleteBlob: (digest, options) => deleteBlob(place, digest, options),
  };
}
