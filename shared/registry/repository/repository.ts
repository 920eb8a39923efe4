import type { Descriptor, Digest, ManifestContent, RepositoryName } from '../../content/index.ts';
import type { PageOptions, PullOptions } from '../endpoint/index.ts';
import type { DigestPage } from '../families/index.ts';
import type { CallOptions } from '../http/index.ts';
import type { PushedManifest } from './manifests.ts';
import type { BlobOutcome, PushBlobOptions } from './push-blob.ts';
import type { ReferrersOptions } from './referrers.ts';
import type { TaggedManifest } from './referrers-cosign.ts';

/** One repository of one registry, over distribution-spec 1.1. */
export interface Repository {
  readonly name: RepositoryName;

  /** All tags in the registry's order, page by page. An absent repository is `E_NOT_FOUND`. */
  tags(options?: PageOptions): AsyncIterable<string>;

  /**
   * Tags with their digests from the registry's own web API, page by page, a hundred tags or more for one request
   * and none of them a pull. `undefined` when the registry has no such listing; `listingSupport` says why.
   *
   * Newest first where the API can be asked for that (not Quay's and GitHub's, which promise no order), each tag
   * once, names that are no tags left out. Leave the iteration when you have seen enough: no further page is
   * asked for. What it says is a hint, because a web API may lag behind its registry and need not know our
   * credentials: neither a tag that is missing nor `E_NOT_FOUND` means that something is gone, and a digest wants
   * confirming by `resolve` before it is acted on. `E_DENIED` may mean only that the listing is not for us.
   */
  listDigests(options?: PageOptions): AsyncIterable<DigestPage> | undefined;

  /**
   * `false` only when the registry says, in answer to one listing, that there is no such repository. It says so, too,
   * of a repository that holds only blobs, which an unfinished copy leaves behind.
   */
  mayExist(options?: CallOptions): Promise<boolean>;

  /**
   * What a tag or digest names, by HEAD (never counted as a pull). `undefined` when the registry says it is
   * not there; any other failure throws.
   */
  resolve(tagOrDigest: string, options?: PullOptions): Promise<Descriptor | undefined>;

  /** The manifest's exact bytes, checked against the digest asked for or announced. At most 4 MiB. */
  fetchManifest(tagOrDigest: string, options?: PullOptions): Promise<ManifestContent>;

  /** Puts the bytes as they are under a tag or under their own digest. The registry's digest must agree. */
  pushManifest(tagOrDigest: string, content: ManifestContent, options?: CallOptions): Promise<PushedManifest>;

  /** Deletes a manifest by digest, or a tag where the registry allows it. Absent is `E_NOT_FOUND`. */
  deleteManifest(tagOrDigest: string, options?: CallOptions): Promise<void>;

  /**
   * Deletes a tag and leaves its manifest, by whatever way the registry has for that. Absent is `E_NOT_FOUND`.
   * `unsupported`: it deletes manifests by digest only, with all their tags, or nothing.
   */
  deleteTag(tag: string, options?: CallOptions): Promise<'deleted' | 'unsupported'>;

  /**
   * The manifests whose subject is `subject` as the registry, or the index under the tag schema, lists them: unread,
   * so what is listed may be wrong. None for a subject that is not there. At most 10,000, in pages of at most 4 MiB.
   */
  referrers(subject: Digest, options?: ReferrersOptions): Promise<readonly Descriptor[]>;

  /** The tags `sha256-….sig`, `.att` and `.sbom` that exist for a manifest: three HEADs. */
  cosignTags(subject: Digest, options?: PullOptions): Promise<readonly TaggedManifest[]>;

  /**
   * Lists manifests, pushed before, as referrers of `subject` under the tag schema; those listed there stay. For
   * registries that do not do it themselves, which `pushManifest` tells.
   */
  addReferrers(subject: Digest, referrers: readonly ManifestContent[], options?: CallOptions): Promise<void>;

  hasBlob(digest: Digest, options?: CallOptions): Promise<boolean>;

  /**
   * Streams a blob; the iteration ends normally only if every byte was right (`verified`). It holds a
   * connection until it is read to its end, left, or aborted, and can be iterated once.
   */
  openBlob(
    blob: Pick<Descriptor, 'digest' | 'size'>,
    options?: CallOptions,
  ): Promise<AsyncIterable<Uint8Array>>;

  /**
   * Makes the repository hold the blob: there already, mounted from a sibling, or uploaded from `open()`,
   * which is called again when the upload has to begin anew and gives its pieces away: once sent, their memory
   * may be used again. A failure of the source is thrown as it is, and never completes an upload. The config of an image is sent without asking whether it is there: hardly another
   * image has the same.
   */
  pushBlob(
    blob: Pick<Descriptor, 'digest' | 'size'> & Partial<Pick<Descriptor, 'mediaType'>>,
    open: () => Promise<AsyncIterable<Uint8Array>>,
    options?: PushBlobOptions,
  ): Promise<BlobOutcome>;

  /** Absent is `E_NOT_FOUND`. */
  deleteBlob(digest: Digest, options?: CallOptions): Promise<void>;
}
