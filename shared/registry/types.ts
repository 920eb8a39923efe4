import type { Descriptor, Digest, ManifestContent, RepositoryName } from '../content/index.ts';
import type { PullAllowance } from './protocol/rate-limit.ts';

/** Every call that waits takes a signal; aborting rejects with the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What became of a blob that was to be put into a repository. */
export type BlobOutcome = 'existing' | 'mounted' | 'uploaded';

export interface PushBlobOptions extends CallOptions {
  /** Another repository of the same registry that may hold the blob; tried with a cross-repository mount first. */
  readonly mountFrom?: string | undefined;
  /** The repository is known to have no content yet: small blobs are sent without asking whether they are there. */
  readonly isNew?: boolean | undefined;
  /** Called with the number of bytes sent since the last call; bytes sent again count again. */
  readonly onBytes?: ((count: number) => void) | undefined;
  /**
   * Where uploads of large blobs are written down while they last, so that one that broke off, also with its
   * process, is gone on with. Default: each begins anew.
   */
  readonly sessions?: UploadSessions | undefined;
}

/** An upload under way at a registry. */
export interface KeptUpload {
  /** Where it goes on: a URL that may itself permit to. A secret, so not for messages or logs. */
  readonly location: string;
  /** Bytes that had arrived. The registry knows better. */
  readonly offset: number;
  /** Of the whole blob, in bytes. */
  readonly size: number;
  /** How large the registry wants its chunks, or larger. */
  readonly chunkBytes: number;
  /** When it last got on. */
  readonly keptAt: Date;
}

/** Uploads under way, kept so that other processes find them. */
export interface UploadSessions {
  /** The right to upload this blob to this repository in chunks; `undefined` while another has it. */
  claim(upload: {
    readonly registry: string;
    readonly repository: string;
    readonly digest: Digest;
  }): Promise<UploadClaim | undefined>;
}

/** Held by one at a time. It runs out minutes after it was last used, so that the claims of the dead do. */
export interface UploadClaim {
  /** What the last holder left. */
  readonly kept: KeptUpload | undefined;
  /** Writes down how far the upload got. `false`: the claim ran out and another has it now. */
  keep(upload: KeptUpload): Promise<boolean>;
  /** There is nothing left to go on with. */
  forget(): Promise<void>;
  /** Lets another go on with what is kept. */
  release(): Promise<void>;
}

/** What an answer of a registry says of its rate limits. */
export interface RateLimitReport {
  /** As it stands in references. */
  readonly registry: string;
  /** `web`: the registry's own web API, which has limits of its own. */
  readonly api: 'registry' | 'web';
  readonly pulls?: PullAllowance | undefined;
  /** How long it wants to be left alone, in milliseconds; `null`: it refused by 429 and did not say. */
  readonly pauseMs?: number | null | undefined;
}

/** Told of each request for a manifest that goes over the wire, repeats included, before it does. */
export interface PullMeter {
  /**
   * What it throws ends the operation. `undefined`: this request is none of the meter's business.
   * @param request `isPull`: a GET, which registries count; a HEAD they do not
   */
  begin(request: { readonly isPull: boolean } & CallOptions): Promise<MeteredRequest | undefined>;
}

/** One request under way. */
export interface MeteredRequest {
  /** It was answered, or failed. `status` and `report` are missing when there was no answer. */
  end(answer: {
    readonly status?: number | undefined;
    readonly report?: RateLimitReport | undefined;
  }): Promise<void>;
}

/** For operations that may pull manifests. */
export interface PullOptions extends CallOptions {
  readonly meter?: PullMeter | undefined;
}

export interface ReferrersOptions extends PullOptions {
  /** Only referrers of this type. */
  readonly artifactType?: string | undefined;
}

/** What a registry said of a manifest that it stored. */
export interface PushedManifest {
  /** The subject under which it lists the manifest by itself (`OCI-Subject`); `undefined`: it does not. */
  readonly subject: Digest | undefined;
}

/** A tag and what it names. */
export interface TaggedManifest {
  readonly tag: string;
  readonly digest: Digest;
}

/** Registries whose own web API lists tags with their digests. */
export type RegistryFamily = 'docker-hub' | 'acr' | 'quay' | 'harbor' | 'github' | 'google';

export interface PageOptions extends CallOptions {
  /** Called before each page is asked for; what it throws ends the iteration. Tokens and repeated attempts are not pages. */
  readonly onPage?: (() => void | Promise<void>) | undefined;
}

export interface ListRepositoriesOptions extends PageOptions {
  /** Only repositories that begin with this, for example `acme/`. */
  readonly prefix?: string | undefined;
}

/** A tag as a registry's web API lists it. */
export interface TagDigest {
  readonly tag: string;
  /** What the tag names. Missing where the API does not say, or says what is no digest: `resolve` tells. */
  readonly digest?: Digest;
  /** When the tag was last moved; its manifest's time where the API has only that. */
  readonly updatedAt?: Date;
  readonly mediaType?: string;
}

/** One answer of a registry's web API. */
export interface DigestPage {
  /** Those that no page before had. */
  readonly tags: readonly TagDigest[];
  readonly isLast: boolean;
  /**
   * No tag on the pages to come was moved later than this. Missing where the API does not list tags by when they
   * were moved, or has not kept to that so far.
   */
  readonly restMovedUntil?: Date | undefined;
}

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

/** THE registry client: speaks to any number of registries, keeps connections and tokens for each. */
export interface RegistryClient {
  /** Asks `/v2/`, with credentials if the registry wants them. Throws what is wrong. */
  ping(registry: string, options?: CallOptions): Promise<void>;
  repository(name: RepositoryName): Repository;
  /**
   * The repositories of a registry, each once, page by page, none of them a pull; at most 100,000. From the web APIs
   * of Docker Hub, GitHub, Quay and Harbor, else from the catalog of the distribution project. Those that only
   * some may see can be left out.
   * @throws InvalidInputError `E_ARGUMENT` when the registry lists one namespace at a time and `prefix` names none
   */
  repositories(registry: string, options?: ListRepositoriesOptions): AsyncIterable<string>;
  /** Closes all connections; calls under way fail. */
  close(): Promise<void>;
}

/** Who we are at one registry. */
export type Credentials =
  /** A user, robot, service principal or repository token with its password. */
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /**
   * A token that says by itself whose it is: one that the registry's own token server gave out, or an access token of
   * Microsoft Entra for a registry of Azure.
   */
  | { readonly kind: 'token'; readonly token: string }
  /**
   * A Microsoft Entra identity, for Azure's registries. `token` gives an access token for a scope such as
   * `https://containerregistry.azure.net/.default`; when it fails, another scope may do.
   */
  | { readonly kind: 'entra'; token(scope: string, options?: CallOptions): Promise<string> };

/** Where credentials come from. `undefined` means: go anonymously. Asked again when they are refused. */
export interface CredentialSource {
  credentialsFor(registry: string, options?: CallOptions): Promise<Credentials | undefined>;
}
