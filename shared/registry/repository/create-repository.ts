import { assertRepositoryName, type RepositoryContext } from '../endpoint/index.ts';
import { type Family, listDigests } from '../families/index.ts';
import { deleteBlob, hasBlob, openBlob } from './blobs.ts';
import { deleteTag } from './deletion.ts';
import { deleteManifest, fetchManifest, pushManifest, resolveManifest } from './manifests.ts';
import { mayExist } from './may-exist.ts';
import { pushBlob } from './push-blob.ts';
import { listReferrers } from './referrers.ts';
import { findCosignTags } from './referrers-cosign.ts';
import { addReferrers } from './referrers-tag.ts';
import type { Repository } from './repository.ts';
import { listTags } from './tags.ts';

/** @throws InvalidInputError `E_REFERENCE` for a name that is not one */
export function createRepository(context: RepositoryContext, family: Family | undefined): Repository {
  assertRepositoryName(context.name);
  return {
    name: context.name,
    tags: (options) => listTags(context, options),
    listDigests: (options) => listDigests(context, family, options),
    mayExist: (options) => mayExist(context, options),
    resolve: (tagOrDigest, options) => resolveManifest(context, tagOrDigest, options),
    fetchManifest: (tagOrDigest, options) => fetchManifest(context, tagOrDigest, options),
    pushManifest: (tagOrDigest, content, options) => pushManifest(context, tagOrDigest, content, options),
    deleteManifest: (tagOrDigest, options) => deleteManifest(context, tagOrDigest, options),
    deleteTag: (tag, options) => deleteTag(context, family, tag, options),
    referrers: (subject, options) => listReferrers(context, subject, options),
    cosignTags: (subject, options) => findCosignTags(context, subject, options),
    addReferrers: (subject, referrers, options) => addReferrers(context, subject, referrers, options),
    hasBlob: (digest, options) => hasBlob(context, digest, options),
    openBlob: (blob, options) => openBlob(context, blob, options),
    pushBlob: (blob, open, options) => pushBlob(context, blob, open, options),
    deleteBlob: (digest, options) => deleteBlob(context, digest, options),
  };
}
