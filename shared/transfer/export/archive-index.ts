import { OCI_INDEX, parseReference, REF_NAME_ANNOTATION } from '../../content/index.ts';
import { type CatalogArtifact, CONTAINERD_NAME_ANNOTATION } from '../archive/index.ts';

/**
 * The text of `index.json`. Each artifact has its full name for containerd and Longshore; `ref.name` is its tag, which
 * oras and skopeo take after the file's name, unless another artifact has the same: then it is the full name, too. What
 * is attached follows without a name, as oras lists it, or under cosign's tag.
 */
export function archiveIndex(artifacts: readonly CatalogArtifact[]): Uint8Array {
  const tags = artifacts.map(({ name }) => parseReference(name).tag);
  const roots = artifacts.map(({ name, mediaType, digest, size }, at) => {
    const tag = tags[at];
    const isUnique = tag !== undefined && tags.filter((other) => other === tag).length === 1;
    const annotations = {
      [CONTAINERD_NAME_ANNOTATION]: name,
      [REF_NAME_ANNOTATION]: isUnique ? tag : name,
    };
    return { mediaType, digest, size, annotations };
  });
  const attached = new Map(
    artifacts.flatMap(({ referrers }) =>
      referrers.map(({ tag, mediaType, digest, size }) => [
        `${digest} ${tag}`,
        { mediaType, digest, size, ...(tag && { annotations: { [REF_NAME_ANNOTATION]: tag } }) },
      ]),
    ),
  );
  const manifests = [...roots, ...attached.values()];
  return new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
}
