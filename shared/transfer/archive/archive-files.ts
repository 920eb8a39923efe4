import { LAYOUT_FILE, LAYOUT_INDEX_FILE, layoutBlobPath } from '../../content/index.ts';
import { CATALOG_FILE, CATALOG_SIGNATURE_FILE, type Catalog } from './catalog.ts';
import type { Extent } from './random-access.ts';
import { headerBytes, memberBytes } from './tar-format.ts';

/**
 * The first files of an archive, in this order, so that a few reads describe it. The signature may be absent.
 */
export const PREAMBLE: readonly string[] = [
  LAYOUT_FILE,
  CATALOG_FILE,
  CATALOG_SIGNATURE_FILE,
  LAYOUT_INDEX_FILE,
];

/**
 * The byte ranges of the files after the preamble: all that the catalog lists, in its order, without gaps.
 * They are found without reading the headers in between.
 * @param start where the preamble ends, in bytes
 */
export function filesAfterPreamble(
  { manifests, blobs }: Catalog,
  start: number,
): ReadonlyMap<string, Extent> {
  const files = new Map<string, Extent>();
  let position = start;
  for (const { digest, size } of [...manifests, ...blobs]) {
    const path = layoutBlobPath(digest);
    files.set(path, { offset: position + headerBytes(path), size });
    position += memberBytes(path, size);
  }
  return files;
}
