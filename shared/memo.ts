/**
 * Work that is done once for several callers. What they have in common is a promise that is kept, and joined. They differ
 * in the key, and in what ends its life. The only cache here that has to evict, `ManifestCache`, does so itself:
 * `lru-cache` aborts a fetch that is under way when its entry is evicted, and others wait for it.
 */

export interface Lazy<T> {
  (): Promise<T>;
  /** What was made, or is being made; `undefined` before the first call. Makes nothing. */
  peek(): Promise<T> | undefined;
}

/** Makes something once, at the first call, for all callers. A failure is not kept: the next call tries again. */
export function lazy<T>(make: () => Promise<T>): Lazy<T> {
  let made: Promise<T> | undefined;
  const get = () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return Object.assign(get, { peek: () => made });
}

/** Makes a value at the first call, and again when its time to live has passed. A failure is kept too, for less. */
export function ttlMemo<T>(
  make: () => Promise<T>,
  { ttlMs, failureTtlMs }: { readonly ttlMs: number; readonly failureTtlMs: number },
  now: () => number = Date.now,
): () => Promise<T> {
  let kept: { readonly value: Promise<T>; until: number } | undefined;
  return () => {
    if (kept && now() < kept.until) return kept.value;
    const made = { value: make(), until: now() + ttlMs };
    made.value.catch(() => {
      made.until = Math.min(made.until, now() + failureTtlMs);
    });
    kept = made;
    return made.value;
  };
}

/** Does the work of each key once. Calls with the key join it while it runs, and get its result afterwards. */
export class OncePerKey<Key, Value> {
  readonly #started = new Map<Key, Promise<Value>>();
  readonly #keepFailures: boolean;

  /** @param options `keepFailures`: false makes the next call after a failure try again */
  constructor({ keepFailures }: { readonly keepFailures: boolean }) {
    this.#keepFailures = keepFailures;
  }

  /** Number of keys that are kept. */
  get size(): number {
    return this.#started.size;
  }

  has(key: Key): boolean {
    return this.#started.has(key);
  }

  run(key: Key, work: () => Promise<Value>): Promise<Value> {
    const known = this.#started.get(key);
    if (known !== undefined) return known;
    const started = work();
    this.#started.set(key, started);
    if (!this.#keepFailures) {
      started.catch(() => {
        if (this.#started.get(key) === started) this.#started.delete(key);
      });
    }
    return started;
  }

  /** The next call with the key does the work again. */
  forget(key: Key): void {
    this.#started.delete(key);
  }

  /** Resolves when everything started has ended, failed or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#started.values());
  }
}

/**
 * Merges calls: while a call for a key is under way, items of further calls for the key wait and share the next one. Of
 * those that share a call the first gets its result and the others `undefined`; if it fails, all fail.
 */
export function coalesce<Item, Result>(
  call: (key: string, items: readonly Item[]) => Promise<Result>,
): (key: string, items: readonly Item[]) => Promise<Result | undefined> {
  const waiting = new Map<string, { readonly items: Item[]; readonly done: Promise<Result> }>();
  const running = new Map<string, Promise<unknown>>();

  return async (key, items) => {
    const next = waiting.get(key);
    if (next) {
      next.items.push(...items);
      await next.done;
      return undefined;
    }
    const merged = [...items];
    const before = running.get(key) ?? Promise.resolve();
    const done = before.then(() => {
      waiting.delete(key);
      return call(key, merged);
    });
    waiting.set(key, { items: merged, done });
    const ended = done.then(
      () => {},
      () => {},
    );
    running.set(key, ended);
    try {
      return await done;
    } finally {
      if (running.get(key) === ended) running.delete(key);
    }
  };
}
