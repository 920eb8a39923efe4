import { type Descriptor, isIndexType } from '../content/index.ts';

/** Docker's official images have eight platforms and an attestation of each. */
const USUAL_CHILDREN = 16;
/** Of an index: what one entry takes, with the annotations that builders write. */
const BYTES_PER_ENTRY = 500;
/** At least: a media type, a digest and a size. */
const MIN_BYTES_PER_ENTRY = 150;

/**
 * Pulls that one image costs: its manifest or index, and what of that is copied. Beside each platform's image there may
 * be its attestation.
 * @param platforms how many are copied; 0 means all
 * @param children manifests that the index names, 0 for an image without one; where unknown, as many as is usual
 */
export function pullsPerImage(platforms: number, children: number = USUAL_CHILDREN): number {
  return 1 + childrenCopied(platforms, children);
}

/** Of the manifests that an index names, how many may be copied at most. */
export function childrenCopied(platforms: number, children: number): number {
  return platforms > 0 ? Math.min(children, 2 * platforms) : children;
}

/**
 * About how many manifests an index names, by what a HEAD says of it; 0 for what is no index.
 * @param last how many the index of the same tag named last, which tells better as far as there is room for them
 */
export function estimateChildren(
  { mediaType, size }: Pick<Descriptor, 'mediaType' | 'size'>,
  last?: number,
): number {
  if (!isIndexType(mediaType)) return 0;
  return last ? Math.min(last, Math.ceil(size / MIN_BYTES_PER_ENTRY)) : Math.ceil(size / BYTES_PER_ENTRY);
}
