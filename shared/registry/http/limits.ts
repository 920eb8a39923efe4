/** What a registry client may spend. Times in milliseconds. */
export interface RegistryLimits {
  /** Connections to one host at a time; further requests wait. */
  readonly connectionsPerHost: number;
  /** To establish a connection, with TLS. */
  readonly connectTimeoutMs: number;
  /** Silence that is borne: for the answer's headers, and between two pieces of its body. */
  readonly idleTimeoutMs: number;
  /** For an answer that is held in memory (manifests, tags, tokens), all of it. */
  readonly answerTimeoutMs: number;
  /** For a registry to put an upload in its place after the last byte; some copy the whole blob then. */
  readonly commitTimeoutMs: number;
  /** How often one operation is attempted, the first time included. */
  readonly attempts: number;
  /** No further attempt starts after this long. Of blobs that were moving, only the waits between attempts count. */
  readonly retryBudgetMs: number;
  /** The longest `Retry-After` that is waited for here; longer ones are the queue's business. */
  readonly maxRetryAfterMs: number;
  /** Larger blobs are sent by PATCH, as docker does: some registries bound the size of one PUT. */
  readonly singlePutBytes: number;
  /** Blobs from this size on are sent in chunks where their uploads are written down, to be gone on with. */
  readonly resumableBytes: number;
  /** A chunk of those, unless the registry wants larger ones. */
  readonly chunkBytes: number;
}

export const DEFAULT_LIMITS: RegistryLimits = {
  connectionsPerHost: 16,
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 30_000,
  answerTimeoutMs: 60_000,
  commitTimeoutMs: 300_000,
  attempts: 4,
  // Room for one more attempt after a silence.
  retryBudgetMs: 60_000,
  maxRetryAfterMs: 10_000,
  singlePutBytes: 32 * 1024 * 1024,
  resumableBytes: 64 * 1024 * 1024,
  chunkBytes: 16 * 1024 * 1024,
};
