import { layoutBlobPath } from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';
import { type CatalogBlob, MAX_PARTS, memberBytes } from '../archive/index.ts';

/**
 * Distributes blobs over parts: the largest first, each into the first part with room (first-fit decreasing).
 * @param room bytes available in a part for blobs and their catalog entries
 * @param overhead all other bytes of a part
 * @throws InvalidInputError `E_ARGUMENT` when a blob does not fit into a part. Blobs are never cut, and parts
 * never exceed the size, which is that of the medium
 */
export function splitBlobs(
  blobs: readonly CatalogBlob[],
  room: number,
  overhead: number,
): readonly (readonly CatalogBlob[])[] {
  const largestFirst = blobs
    .map((blob) => ({ blob, bytes: bytesOf(blob) }))
    .sort((a, b) => b.bytes - a.bytes || (a.blob.digest < b.blob.digest ? -1 : 1));
  const [largest] = largestFirst;
  const least = overhead + (largest?.bytes ?? 0);
  if (room < (largest?.bytes ?? 0)) {
    throw new InvalidInputError(
      'E_ARGUMENT',
      `Parts of ${room + overhead} bytes are too small: all manifests and the largest blob (${largest?.blob.digest ?? 'none'}, ${largest?.blob.size ?? 0} bytes) must fit into one. Allow at least ${least} bytes.`,
    );
  }
  const parts: { readonly blobs: CatalogBlob[]; left: number }[] = [];
  for (const { blob, bytes } of largestFirst) {
    let part = parts.find(({ left }) => left >= bytes);
    if (!part) {
      part = { blobs: [], left: room };
      parts.push(part);
    }
    part.blobs.push(blob);
    part.left -= bytes;
  }
  if (parts.length > MAX_PARTS) {
    throw new InvalidInputError(
      'E_ARGUMENT',
      `The archive would have ${parts.length} parts; at most ${MAX_PARTS} are allowed. Allow larger ones.`,
    );
  }
  return parts.map((part) => part.blobs);
}

/** In the archive, and with a comma in the catalog. */
function bytesOf(blob: CatalogBlob): number {
  const { digest, size } = blob;
  return memberBytes(layoutBlobPath(digest), size) + JSON.stringify({ digest, size }).length + 1;
}
