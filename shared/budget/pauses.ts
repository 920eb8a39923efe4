import { z } from 'zod';
import { RegistryError } from '../errors.ts';
import type { Records } from '../records.ts';
import type { RateLimitReport } from '../registry/index.ts';

/** A pause that a registry asked for, recorded so that every worker keeps to it. */
export const pauseSchema = z.object({
  registry: z.string(),
  /** `web`: the registry's own web API. */
  api: z.enum(['registry', 'web']),
  /** Milliseconds since the epoch. */
  until: z.number(),
});
export type Pause = Readonly<z.infer<typeof pauseSchema>>;

/** A shorter pause has ended before other workers read of it. */
const SHORTEST_MS = 2_000;
/** For a refusal that does not say how long. */
const UNTOLD_MS = 60_000;
/** How long a worker goes by what it has read. */
const KNOWN_MS = 5_000;

/** The pauses that registries asked for, shared by all workers. */
export class Pauses {
  readonly #records: Records<Pause>;
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly until: number; readonly readAt: number }>();

  constructor(records: Records<Pause>, now: () => number) {
    this.#records = records;
    this.#now = now;
  }

  /** Writes down what an answer asked for, unless a longer pause is known. */
  async note({ registry, api, pauseMs }: RateLimitReport): Promise<void> {
    if (pauseMs === undefined) return;
    const until = this.#now() + (pauseMs ?? UNTOLD_MS);
    const known = this.#known.get(nameOf(registry, api));
    if ((pauseMs ?? UNTOLD_MS) < SHORTEST_MS || (known && known.until >= until)) return;
    this.#known.set(nameOf(registry, api), { until, readAt: this.#now() });
    await this.#records.update(keyOf(registry, api), (current) =>
      current && current.until >= until ? current : { registry, api, until },
    );
  }

  /** @throws RegistryError `E_RATE_LIMITED` during a pause that the registry asked for */
  async assertOver(registry: string, api: RateLimitReport['api']): Promise<void> {
    const restMs = (await this.#until(registry, api)) - this.#now();
    if (restMs <= 0) return;
    throw new RegistryError(
      'E_RATE_LIMITED',
      `${registry} asked for a pause${api === 'web' ? ' of listings' : ''}: try again in ${Math.ceil(restMs / 1000)} s.`,
      { retryAfterMs: restMs },
    );
  }

  /** Those that are not over. */
  async *list(): AsyncIterable<Pause> {
    for await (const { value } of this.#records.list()) if (value.until > this.#now()) yield value;
  }

  async #until(registry: string, api: RateLimitReport['api']): Promise<number> {
    const name = nameOf(registry, api);
    const known = this.#known.get(name);
    if (known && (known.until > this.#now() || known.readAt + KNOWN_MS > this.#now())) return known.until;
    const until = (await this.#records.get(keyOf(registry, api)))?.until ?? 0;
    this.#known.set(name, { until, readAt: this.#now() });
    return until;
  }
}

function nameOf(registry: string, api: string): string {
  return `${api} ${registry}`;
}

function keyOf(registry: string, api: string) {
  return { partition: registry, row: api };
}
