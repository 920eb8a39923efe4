import {
  type Digest,
  digestOf,
  type ManifestContent,
  manifestContent,
} from '../../../shared/content/index.ts';
import { RegistryError } from '../../../shared/errors.ts';
import type {
  MeteredRequest,
  PullOptions,
  RateLimitReport,
  Repository,
} from '../../../shared/registry/index.ts';

export const REGISTRY = 'hub.test';

export interface UpstreamOptions {
  readonly limit: number;
  readonly windowMs: number;
  /** Both kinds are in use. */
  readonly window: 'sliding' | 'fixed';
  readonly now: () => number;
  /** Takes the time between a request and its effect, and between that and its answer. */
  readonly travel: () => Promise<void>;
}

/**
 * A registry that counts pulls in a window, says so in every answer about a manifest, and refuses what is too much,
 * which it remembers.
 */
export class CountingUpstream {
  limit: number;
  readonly refused: number[] = [];
  /** The most pulls that any window held, above its limit at that time: negative as long as all kept to it. */
  worstExcess = Number.NEGATIVE_INFINITY;
  pulls = 0;
  heads = 0;
  /** Pulls that were let go and have not arrived. */
  underWay = 0;
  /** Called before each pull is counted. */
  beforePull: () => void = () => {};
  /** Whom it counts; `undefined`: it announces nothing. */
  source: string | undefined = '192.0.2.1';
  readonly #options: UpstreamOptions;
  readonly #manifests = new Map<string, ManifestContent>();
  #counted: number[] = [];

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.limit = options.limit;
  }

  add(content: ManifestContent): Digest {
    this.#manifests.set(content.digest, content);
    return content.digest;
  }

  addText(text: string): Digest {
    return this.add(manifestContent(new TextEncoder().encode(text), 'application/vnd.test', digestOf(text)));
  }

  /** Pulls that somebody else makes. */
  spendBeside(pulls: number): void {
    for (let at = 0; at < pulls; at += 1) this.#counted.push(this.#options.now());
  }

  /** The repository as a registry client gives it, as far as imports read it. */
  repository(): Repository {
    const part: Pick<Repository, 'name' | 'resolve' | 'fetchManifest'> = {
      name: { registry: REGISTRY, repository: 'library/app' },
      resolve: async (digest, options) =>
        await this.#request(false, options, () => {
          this.heads += 1;
          const found = this.#manifests.get(digest);
          return found && { mediaType: found.mediaType, digest: found.digest, size: found.size };
        }),
      fetchManifest: async (digest, options) =>
        await this.#request(true, options, () => {
          const found = this.#manifests.get(digest);
          if (!found) throw new RegistryError('E_NOT_FOUND', 'gone', { status: 404 });
          return found;
        }),
    };
    return part as Repository;
  }

  async #request<T>(isPull: boolean, { meter, signal }: PullOptions = {}, answer: () => T): Promise<T> {
    const metered = await meter?.begin({ isPull, signal });
    if (isPull) this.underWay += 1;
    await this.#options.travel();
    if (isPull) {
      this.underWay -= 1;
      this.beforePull();
      if (this.used >= this.limit) {
        this.refused.push(this.#options.now());
        return await this.#refuse(metered);
      }
      this.pulls += 1;
      this.#counted.push(this.#options.now());
      this.worstExcess = Math.max(this.worstExcess, this.used - this.limit);
    }
    const report = this.#report();
    const result = answer();
    await this.#options.travel();
    await metered?.end({ status: result === undefined ? 404 : 200, report });
    return result;
  }

  async #refuse(metered: MeteredRequest | undefined): Promise<never> {
    const report = this.#report();
    await this.#options.travel();
    await metered?.end({ status: 429, report });
    throw new RegistryError('E_RATE_LIMITED', 'toomanyrequests', { status: 429 });
  }

  #report(): RateLimitReport | undefined {
    if (this.source === undefined) return undefined;
    const { windowMs } = this.#options;
    return {
      registry: REGISTRY,
      api: 'registry',
      pulls: {
        limit: this.limit,
        windowSeconds: windowMs / 1000,
        remaining: Math.max(this.limit - this.used, 0),
        source: this.source,
      },
    };
  }

  /** Pulls counted in the window of this moment. */
  get used(): number {
    const { now, windowMs, window } = this.#options;
    const start = window === 'sliding' ? now() - windowMs : Math.floor(now() / windowMs) * windowMs - 1;
    this.#counted = this.#counted.filter((at) => at > start);
    return this.#counted.length;
  }
}
