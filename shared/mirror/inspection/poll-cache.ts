import { type Digest, formatReference } from '../../content/index.ts';
import { OncePerKey } from '../../memo.ts';
import type { DigestPage } from '../../registry/index.ts';
import type { Watch } from '../watches/index.ts';

/** What a HEAD found; `undefined`: no such tag. */
export type Found = { readonly digest: Digest } | undefined;

/**
 * What an upstream repository answered during one poll run, for all watches that have it as their source. A failure is
 * kept as well: the next run asks again.
 */
export class PollCache {
  readonly #heads = new OncePerKey<string, Found>({ keepFailures: true });
  #pages: SharedPages | undefined;
  #tags: Promise<readonly string[]> | undefined;

  /** The names of all tags; only the first call sends requests. */
  tags(ask: () => Promise<readonly string[]>): Promise<readonly string[]> {
    this.#tags ??= ask();
    return this.#tags;
  }

  /** What the tag names; only the first call sends a request. */
  head(tag: string, ask: () => Promise<Found>): Promise<Found> {
    return this.#heads.run(tag, ask);
  }

  /**
   * The pages of the digest listing from the first on: those read by now, then further ones.
   * @param open starts the listing; it calls its argument before each page
   * @param onPage called before each page that this reader is the first to read
   */
  pages(
    open: (onPage: () => void | Promise<void>) => AsyncIterable<DigestPage>,
    onPage: () => void | Promise<void>,
  ): AsyncIterable<DigestPage> {
    this.#pages ??= new SharedPages(open);
    return this.#pages.read(onPage);
  }
}

/** A listing that several read at their own pace while it is asked for once. */
class SharedPages {
  readonly #source: AsyncIterator<DigestPage>;
  readonly #asked: Promise<IteratorResult<DigestPage>>[] = [];
  #onPage: () => void | Promise<void> = () => {};

  constructor(open: (onPage: () => void | Promise<void>) => AsyncIterable<DigestPage>) {
    this.#source = open(() => this.#onPage())[Symbol.asyncIterator]();
  }

  async *read(onPage: () => void | Promise<void>): AsyncGenerator<DigestPage, void, undefined> {
    for (let at = 0; ; at += 1) {
      const page = await this.#ask(at, onPage);
      if (page.done) return;
      yield page.value;
    }
  }

  #ask(at: number, onPage: () => void | Promise<void>): Promise<IteratorResult<DigestPage>> {
    const known = this.#asked[at];
    if (known !== undefined) return known;
    this.#onPage = onPage;
    const asked = this.#source.next();
    this.#asked.push(asked);
    return asked;
  }
}

/** Answers are kept only for sources that more than one of the watches has. */
export function pollCaches(watches: readonly Watch[]): (watch: Watch) => PollCache | undefined {
  const counts = new Map<string, number>();
  for (const { source } of watches) {
    const name = formatReference(source);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const answers = new Map<string, PollCache>();
  return ({ source }) => {
    const name = formatReference(source);
    if ((counts.get(name) ?? 0) < 2) return undefined;
    const known = answers.get(name) ?? new PollCache();
    answers.set(name, known);
    return known;
  };
}
