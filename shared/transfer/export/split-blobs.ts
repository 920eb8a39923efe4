import { layoutBlobPath } from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';
import { type CatalogBlob, MAX_PARTS, memberBytes } from '../archive/index.ts';

/**
 * Spreads blobs over as few parts as is simple: the largest first, each into the first part that has room.
 * @param room bytes that blobs, with what the catalog says of them, may take up in a part
 * @param overhead bytes that every part has besides
 * @throws InvalidInputError `E_ARGUMENT` when a blob fits into no part: it is never cut, and a part never larger than
 * was asked for, because what carries it has that size
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
