import { type Descriptor, type Digest, MAX_MANIFEST_BYTES, OCI_INDEX } from '../../content/index.ts';
import type { Call } from '../call.ts';
import { type EndpointResponse, jsonResponse } from '../message.ts';
import { nextPage } from '../pagination.ts';
import type { PullStorage } from '../ports.ts';

/** Room for the fields of the index and the separators, so that a page is never longer than a manifest may be. */
const MAX_PAGE_BYTES = MAX_MANIFEST_BYTES - 1024;

/** Distribution-spec, "Listing Referrers": never 404, whether or not the subject exists. */
export async function listReferrers(
  call: Call,
  pull: PullStorage,
  name: string,
  subject: Digest,
): Promise<EndpointResponse> {
  const repository = await pull.repository(name, call);
  const all = (await repository?.referrers(subject, call)) ?? [];
  const artifactType = call.query.get('artifactType');
  const wanted = artifactType === null ? all : all.filter((d) => d.artifactType === artifactType);
  const { manifests, next } = referrersPage(wanted, call.query.get('last'));
  const filter = artifactType !== null && { artifactType };
  return jsonResponse(
    200,
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests },
    {
      'Content-Type': OCI_INDEX,
      ...(filter && { 'OCI-Filters-Applied': 'artifactType' }),
      ...(next && nextPage(`/v2/${name}/referrers/${subject}`, { ...filter, last: next })),
    },
  );
}

/**
 * What fits in one response, in the order of the storage when all of it does. Else ordered by digest, so that a page
 * can start after `last` however the list changed in between.
 */
function referrersPage(
  all: readonly Descriptor[],
  last: string | null,
): { readonly manifests: readonly Descriptor[]; readonly next?: Digest } {
  if (last === null && fitting(all).length === all.length) return { manifests: all };
  const sorted = all
    .filter(({ digest }) => last === null || digest > last)
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const manifests = fitting(sorted);
  const end = manifests.at(-1);
  return manifests.length < sorted.length && end ? { manifests, next: end.digest } : { manifests };
}

/** As many from the start as fit; at least one. */
function fitting(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  let bytes = 0;
  const end = descriptors.findIndex((descriptor, index) => {
    bytes += Buffer.byteLength(JSON.stringify(descriptor)) + 1;
    return bytes > MAX_PAGE_BYTES && index > 0;
  });
  return end < 0 ? descriptors : descriptors.slice(0, end);
}
