/** Docker's official images have eight platforms and an attestation of each. */
const USUAL_CHILDREN = 16;

/**
 * Pulls that one image costs: its manifest or index, and what of that is copied. Beside each platform's image there may
 * be its attestation.
 * @param platforms how many are copied; 0 means all
 * @param children manifests that the index names, 0 for an image without one; where unknown, as many as is usual
 */
export function pullsPerImage(platforms: number, children: number = USUAL_CHILDREN): number {
  return 1 + (platforms > 0 ? Math.min(children, 2 * platforms) : children);
}
