import { RegistryError, TransportError } from '../../errors.ts';
import type { CallOptions, DigestPage, PageOptions } from '../../registry/index.ts';
import { failureOf, type PollFailure } from '../watches/index.ts';
import type { Found, PollCache } from './poll-cache.ts';

/** A repository as far as a poll needs it; the registry client's `Repository` is one. */
export interface TagSource {
  /** All tags, page by page. */
  tags(options?: PageOptions): AsyncIterable<string>;
  /** Tags with digests, as a hint; absent or `undefined` where the registry lists none. */
  listDigests?(options?: PageOptions): AsyncIterable<DigestPage> | undefined;
  /** What a tag names, by HEAD; `undefined` when the registry says it has no such tag. Any other failure throws. */
  resolve(tag: string, options?: CallOptions): Promise<Found>;
}

/** The results of HEADs. A tag that was not checked is in neither. */
export interface HeadAnswers {
  readonly found: ReadonlyMap<string, Found>;
  readonly errors: readonly PollFailure[];
}

/** As many as the client opens connections to one host. */
const HEADS_AT_ONCE = 16;
/** A tag has at most 128 characters, so a listing never holds more than some 26 MB. */
const MAX_LISTED_TAGS = 200_000;

/**
 * Asks one repository on behalf of one poll. Every request goes through `#ask`, which counts it: pages of listings
 * and HEADs, without tokens and repeated attempts.
 */
export class TagProbe {
  readonly #source: TagSource;
  readonly #signal: AbortSignal | undefined;
  readonly #shared: PollCache | undefined;
  readonly #requests = { listings: 0, heads: 0 };

  constructor(
    source: TagSource,
    { signal, shared }: { signal?: AbortSignal | undefined; shared?: PollCache | undefined } = {},
  ) {
    this.#source = source;
    this.#signal = signal;
    this.#shared = shared;
  }

  /** So far. */
  get requests(): { readonly listings: number; readonly heads: number } {
    return { ...this.#requests };
  }

  /** @throws TransportError `E_TOO_LARGE`; what the listing throws */
  tags(): Promise<readonly string[]> {
    return this.#shared ? this.#shared.tags(() => this.#readTags()) : this.#readTags();
  }

  async #readTags(): Promise<readonly string[]> {
    const tags: string[] = [];
    for await (const tag of this.#source.tags(this.#paged())) {
      tags.push(tag);
      if (tags.length > MAX_LISTED_TAGS) {
        throw new TransportError(
          'E_TOO_LARGE',
          `The repository lists more than ${MAX_LISTED_TAGS} tags. Name the tags to watch exactly: then no listing is read.`,
        );
      }
    }
    this.#signal?.throwIfAborted();
    return tags;
  }

  /** `undefined` where the registry lists no digests. */
  digestPages(): AsyncIterable<DigestPage> | undefined {
    const { signal, onPage } = this.#paged();
    const open = (tell: PageOptions['onPage']) => this.#source.listDigests?.({ signal, onPage: tell });
    const pages = open(onPage);
    return pages && this.#shared ? this.#shared.pages((tell) => open(tell) ?? pages, onPage) : pages;
  }

  /**
   * Asks about each tag. A failure is of its tag alone, unless the registry would answer the same for every other:
   * then no further one is asked about.
   */
  async heads(tags: readonly string[]): Promise<HeadAnswers> {
    const found = new Map<string, Found>();
    const errors: PollFailure[] = [];
    let asked = 0;
    let refusal: RegistryError | undefined;
    const ask = async (tag: string) => {
      if (refusal || this.#signal?.aborted) return;
      asked += 1;
      try {
        found.set(tag, await this.#head(tag));
      } catch (error) {
        if (isRefusalForAll(error)) refusal = error;
        errors.push({ ...failureOf(error), tag });
      }
    };
    const [first, ...rest] = tags;
    // The first alone: a registry that requires a token is asked for it once, not by each request under way.
    if (first !== undefined) await ask(first);
    // Loops instead of a promise kept for each of what can be 200,000 tags.
    const remaining = rest.values();
    const askOn = async () => {
      for (const tag of remaining) await ask(tag);
    };
    await Promise.all(Array.from({ length: HEADS_AT_ONCE }, askOn));
    this.#signal?.throwIfAborted();
    if (refusal && asked < tags.length) {
      const message = `${tags.length - asked} more tags were not asked about after that.`;
      errors.push({ ...failureOf(refusal), message });
    }
    return { found, errors };
  }

  #head(tag: string): Promise<Found> {
    const ask = () => {
      this.#ask('heads');
      return this.#source.resolve(tag, { signal: this.#signal });
    };
    return this.#shared ? this.#shared.head(tag, ask) : ask();
  }

  #paged() {
    return { signal: this.#signal, onPage: () => this.#ask('listings') };
  }

  #ask(kind: 'listings' | 'heads'): void {
    this.#requests[kind] += 1;
  }
}

function isRefusalForAll(error: unknown): error is RegistryError {
  return error instanceof RegistryError && (error.code === 'E_RATE_LIMITED' || error.code === 'E_DENIED');
}
