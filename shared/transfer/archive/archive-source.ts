import {
  type Descriptor,
  type Digest,
  layoutBlobPath,
  MAX_MANIFEST_BYTES,
  manifestContent,
  mediaTypeOf,
  parseDigest,
  verified,
  verifyBytes,
} from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import type { ContentSource } from '../../imports/index.ts';
import type { Extent } from './layout-files.ts';
import { type RandomAccessFile, readBytes } from './random-access.ts';

/**
 * The blobs of an image layout archive, each read from where it lies and checked on the way.
 * @param listed what the layout's index names; gives the media types of documents that do not say theirs.
 */
export function archiveSource(
  file: RandomAccessFile,
  files: ReadonlyMap<string, Extent>,
  listed: readonly Descriptor[],
): ContentSource {
  const mediaTypes = new Map(listed.map(({ digest, mediaType }) => [digest, mediaType]));

  /** @throws ArchiveError `E_ARCHIVE_INCOMPLETE` */
  function locate(digest: Digest): Extent {
    const path = layoutBlobPath(digest);
    const extent = files.get(path);
    if (extent) return extent;
    throw new ArchiveError(
      'E_ARCHIVE_INCOMPLETE',
      `The archive lacks ${path}, which it names. Export it again, or deliver the archive that it builds upon first.`,
    );
  }

  return {
    async fetchManifest(text, options) {
      const digest = parseDigest(text);
      const { offset, size } = locate(digest);
      if (size > MAX_MANIFEST_BYTES) {
        throw new ArchiveError(
          'E_ARCHIVE_FORMAT',
          `The archive's ${layoutBlobPath(digest)} is ${size} bytes long; a manifest has at most ${MAX_MANIFEST_BYTES}.`,
        );
      }
      const bytes = await readBytes(file, offset, size, options);
      verifyBytes(bytes, { digest });
      return manifestContent(bytes, mediaTypeOf(bytes, mediaTypes.get(digest)), digest);
    },

    async openBlob(blob, options) {
      const { offset, size } = locate(blob.digest);
      return verified(await file.read(offset, size, options), blob);
    },
  };
}
