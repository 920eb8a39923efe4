/** Set by containerd, BuildKit and `docker save`: always a full reference, where their `ref.name` is only a tag. */
export const CONTAINERD_NAME_ANNOTATION = 'io.containerd.image.name';
