import {
  type Descriptor,
  type Digest,
  layoutBlobPath,
  MAX_MANIFEST_BYTES,
  type ManifestContent,
  manifestContent,
  mediaTypeOf,
  parseDigest,
  verified,
  verifyBytes,
} from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import type { ReferrerSource } from '../../imports/index.ts';
import type { CatalogReferrer } from './catalog.ts';
import { type Extent, type RandomAccessFile, readBytes } from './random-access.ts';

/** The content of an archive, with the referrers of its manifests. */
export interface ArchiveSource extends ReferrerSource {
  /** Whether the archive has the bytes. */
  has(digest: Digest): boolean;
}

export interface ArchiveContent {
  readonly file: RandomAccessFile;
  /** Where the bytes of a digest are in the file. */
  readonly locate: (digest: Digest) => Extent | undefined;
  /** Manifests that are not in the file but built from its content. */
  readonly made?: ReadonlyMap<Digest, ManifestContent> | undefined;
  /** Media types of manifests that do not state theirs. */
  readonly mediaTypes: ReadonlyMap<Digest, string>;
  readonly attached: readonly CatalogReferrer[];
  /** The error for content that the archive names and does not have. */
  readonly missing: (digest: Digest) => ArchiveError;
}

/** Reads the content of an archive at its place in the file, and verifies it while it is read. */
export function archiveSource(content: ArchiveContent): ArchiveSource {
  const { file, made, mediaTypes } = content;

  /** @throws ArchiveError `E_ARCHIVE_INCOMPLETE` */
  function locate(digest: Digest): Extent {
    const extent = content.locate(digest);
    if (extent) return extent;
    throw content.missing(digest);
  }

  return {
    has: (digest) => made?.has(digest) || content.locate(digest) !== undefined,

    async fetchManifest(text, options) {
      const digest = parseDigest(text);
      const ready = made?.get(digest);
      if (ready) return ready;
      const { offset, size } = locate(digest);
      if (size > MAX_MANIFEST_BYTES) {
        throw new ArchiveError(
          'E_ARCHIVE_FORMAT',
          `The archive's ${layoutBlobPath(digest)} is ${size} bytes long; a manifest has at most ${MAX_MANIFEST_BYTES}.`,
        );
      }
      const bytes = await readBytes(file, offset, size, options);
      verifyBytes(bytes, { digest }, READ);
      return manifestContent(bytes, mediaTypeOf(bytes, mediaTypes.get(digest)), digest);
    },

    async openBlob(blob, options) {
      const { offset, size } = locate(blob.digest);
      return checked(await file.read(offset, size, options), blob);
    },

    async referrers(subject) {
      return content.attached.flatMap(({ mediaType, digest, size, ...at }) =>
        at.subject === subject && at.tag === undefined ? [{ mediaType, digest, size }] : [],
      );
    },

    async cosignTags(subject) {
      return content.attached.flatMap(({ tag, digest, ...at }) =>
        at.subject === subject && tag !== undefined ? [{ tag, digest }] : [],
      );
    },
  };
}

/** What errors of damaged content carry. */
const READ = { operation: 'read archive', side: 'source' } as const;

/** The error for missing content whose absence the archive does not explain. */
export function lacking(digest: Digest): ArchiveError {
  return new ArchiveError(
    'E_ARCHIVE_INCOMPLETE',
    `The archive lacks ${layoutBlobPath(digest)}, which it names. Export it again, or import its base archive first.`,
  );
}

/**
 * Verified bytes. `return` reaches the source even before the first `next`; that of a generator would not.
 */
function checked(
  bytes: AsyncIterable<Uint8Array>,
  blob: Pick<Descriptor, 'digest' | 'size'>,
): AsyncIterable<Uint8Array> {
  const inner = bytes[Symbol.asyncIterator]();
  const pieces = verified({ [Symbol.asyncIterator]: () => inner }, blob, READ);
  const iterator: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => pieces.next(),
    return: async () => {
      await pieces.return();
      await inner.return?.();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}
