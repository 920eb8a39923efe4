import { type Descriptor, REF_NAME_ANNOTATION } from '../../content/index.ts';

/** Set by containerd, BuildKit and `docker save`: a full reference. */
export const CONTAINERD_NAME_ANNOTATION = 'io.containerd.image.name';

/**
 * The name of an artifact in the index of an archive: a full reference, or only a tag. `undefined` without a name.
 *
 * It is the first of these annotations that is not empty, the order in which containerd reads them:
 * 1. `io.containerd.image.name`. containerd, BuildKit and `docker save` put the full reference there.
 * 2. `org.opencontainers.image.ref.name` (image-spec, "Pre-Defined Annotation Keys"). skopeo, oras and podman write
 *    only this one, as a tag or a full reference. The tools above write it too, but only as the tag, so that it says
 *    less than the first.
 */
export function artifactName(annotations: Descriptor['annotations']): string | undefined {
  return annotations?.[CONTAINERD_NAME_ANNOTATION] || annotations?.[REF_NAME_ANNOTATION] || undefined;
}
