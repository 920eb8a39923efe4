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

/** An archive to read content from; what is attached to its manifests comes along. */
export interface ArchiveSource extends ReferrerSource {
  /** Whether the archive has the bytes. */
  has(digest: Digest): boolean;
}

export interface ArchiveContent {
  readonly file: RandomAccessFile;
  /** Where the bytes of a digest lie. */
  readonly locate: (digest: Digest) => Extent | undefined;
  /** Manifests that are in no file of the archive, because they were made from what is. */
  readonly made?: ReadonlyMap<Digest, ManifestContent> | undefined;
  /** Media types of manifests that do not say theirs. */
  readonly mediaTypes: ReadonlyMap<Digest, string>;
  readonly attached: readonly CatalogReferrer[];
  /** Says why the archive does not have what it names. */
  readonly missing: (digest: Digest) => ArchiveError;
}

/** The content of an archive, each piece read from where it lies and checked on the way. */
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
      verifyBytes(bytes, { digest });
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

/** The error for content that an archive names and, for no reason it gives, does not have. */
export function lacking(digest: Digest): ArchiveError {
  return new ArchiveError(
    'E_ARCHIVE_INCOMPLETE',
    `The archive lacks ${layoutBlobPath(digest)}, which it names. Export it again, or deliver the archive that it builds upon first.`,
  );
}

/** Verified bytes whose reader may give them back unread: a generator that never began would not pass that on. */
function checked(
  bytes: AsyncIterable<Uint8Array>,
  blob: Pick<Descriptor, 'digest' | 'size'>,
): AsyncIterable<Uint8Array> {
  const inner = bytes[Symbol.asyncIterator]();
  const pieces = verified({ [Symbol.asyncIterator]: () => inner }, blob);
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
