import {
  type Descriptor,
  type Digest,
  isIndexType,
  type ManifestContent,
  type Platform,
  parseManifest,
  type RepositoryName,
} from '../content/index.ts';
import type { Records } from '../records.ts';
import type { PullMeter, RateLimitReport, Repository } from '../registry/index.ts';
import { type BudgetState, budgetState } from './budget-state.ts';
import { estimateChildren, pullsPerImage } from './image-pulls.ts';
import type { Ledger } from './ledger.ts';
import { type Pause, Pauses } from './pauses.ts';
import type { BudgetPolicy } from './policy.ts';
import { PullLease } from './pull-lease.ts';
import { UpstreamBudget } from './upstream-budget.ts';

export interface BudgetParts {
  readonly ledgers: Pick<Records<Ledger>, 'get' | 'update' | 'list'>;
  readonly pauses: Records<Pause>;
  /** What is configured for a registry, and who we are there. */
  readonly configured: (registry: string) => { readonly policy: BudgetPolicy; readonly account: string };
  readonly now?: (() => number) | undefined;
  /** Told when what a registry said could not be written down: the work itself goes on. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** One piece of work at a source. */
export interface BudgetedWork {
  /** The manifest it begins with. */
  readonly root: Digest;
  /** Platforms it copies out of an index; empty means all. */
  readonly platforms: readonly Platform[];
  /** Pulls it needs, where an earlier try has found out. */
  readonly pulls?: number | undefined;
  /** Manifests that the index of the same tag named when it was last copied; 0 when it was none. Asked when needed. */
  readonly children?: (() => Promise<number | undefined>) | undefined;
}

/** A source that is read within the budget of its registry. */
export interface BudgetedSource {
  readonly source: Pick<Repository, 'fetchManifest' | 'openBlob' | 'referrers' | 'cosignTags'>;
  /** Gives back what was not spent; never rejects. */
  close(): Promise<void>;
}

/** Work on many images of one registry. */
export interface BudgetedImages {
  /** What it begins with, as HEADs told of it. */
  readonly roots: readonly (RepositoryName & Pick<Descriptor, 'mediaType' | 'digest' | 'size'>)[];
  /** Platforms it copies out of indexes; empty means all. */
  readonly platforms: readonly Platform[];
  /** Pulls it needs at least, where an earlier try has found out. */
  readonly pulls?: number | undefined;
  readonly repository: (name: RepositoryName) => Repository;
  readonly signal?: AbortSignal | undefined;
}

/** Sources that are read within one budget. */
export interface BudgetedSources {
  source(name: RepositoryName): BudgetedSource['source'];
  /** Gives back what was not spent; never rejects. */
  close(): Promise<void>;
}

export interface Budgets {
  /** @throws (its calls) BudgetError `E_BUDGET`; RegistryError `E_RATE_LIMITED` during a pause */
  open(source: Repository, work: BudgetedWork): BudgetedSource;
  /**
   * Opens sources at one registry for work that reads many images and begins anew where it could not end: all of its pulls
   * are reserved now.
   * @throws BudgetError `E_BUDGET`; RegistryError `E_RATE_LIMITED` during a pause; InvalidInputError `E_ARGUMENT` for
   * more than a window has
   */
  openAll(registry: string, work: BudgetedImages): Promise<BudgetedSources>;
  /** Takes down what an answer said of rate limits; writes later. */
  observe(report: RateLimitReport): void;
  /** @throws RegistryError `E_RATE_LIMITED` during a pause that the registry asked for */
  assertOpen(registry: string, api: RateLimitReport['api']): Promise<void>;
  /** Every budget that is known. */
  list(): AsyncIterable<BudgetState>;
  /** Pauses that are not over. */
  pauses(): AsyncIterable<Pause>;
  /** Resolves when everything observed is written. */
  settled(): Promise<void>;
}

/** The budgets of all upstreams, as one process takes part in them. */
export function createBudgets({
  ledgers,
  pauses: pauseRecords,
  configured,
  now = Date.now,
  onError = () => {},
}: BudgetParts): Budgets {
  const upstreams = new Map<string, UpstreamBudget>();
  const pauses = new Pauses(pauseRecords, now);
  const writes = new Set<Promise<void>>();

  function upstreamOf(registry: string): UpstreamBudget {
    const known = upstreams.get(registry);
    if (known) return known;
    const made = new UpstreamBudget({ registry, ...configured(registry), ledgers, now });
    upstreams.set(registry, made);
    return made;
  }

  /** What the meter is told of pauses, everybody hears. */
  function notingPauses(meter: PullMeter): PullMeter {
    return {
      async begin(request) {
        const metered = await meter.begin(request);
        return (
          metered && {
            async end(answer) {
              await metered.end(answer);
              if (answer.report) await pauses.note(answer.report);
            },
          }
        );
      },
    };
  }

  function start(registry: string, work: ConstructorParameters<typeof PullLease>[1]) {
    const lease = new PullLease(upstreamOf(registry), {
      ...work,
      probe: (meter, signal) => work.probe(notingPauses(meter), signal),
    });
    let isOpen: Promise<void> | undefined;
    const meter: PullMeter = {
      async begin(request) {
        if (!request.isPull) return undefined;
        // Once, before it starts: work under way keeps to pauses as every request does.
        isOpen ??= pauses.assertOver(registry, 'registry');
        await isOpen;
        return await lease.begin(request);
      },
    };
    return { lease, meter: notingPauses(meter) };
  }

  async function takeDown(report: RateLimitReport): Promise<void> {
    await pauses.note(report);
    if (report.pulls) await upstreamOf(report.registry).note(report.pulls);
  }

  return {
    open(source, { root, platforms, pulls, children }) {
      const { registry } = source.name;
      const { lease, meter } = start(registry, {
        pulls,
        platforms: platforms.length,
        children,
        probe: (probing, signal) => source.resolve(root, { meter: probing, signal }),
      });
      return {
        source: metered(source, meter, lease, root),
        close: () => lease.close().catch(onError),
      };
    },

    async openAll(registry, { roots, platforms, pulls = 0, repository, signal }) {
      const [first] = roots;
      const estimates = roots.map((root) => pullsPerImage(platforms.length, estimateChildren(root)));
      const estimate = estimates.reduce((sum, each) => sum + each, 0);
      const { lease, meter } = start(registry, {
        pulls: Math.max(estimate, pulls),
        platforms: platforms.length,
        images: roots.length,
        probe: async (probing, probeSignal) =>
          first && (await repository(first).resolve(first.digest, { meter: probing, signal: probeSignal })),
      });
      const close = () => lease.close().catch(onError);
      try {
        await pauses.assertOver(registry, 'registry');
        await lease.reserve(signal);
      } catch (error) {
        await close();
        throw error;
      }
      return { source: (name) => metered(repository(name), meter, lease, undefined), close };
    },

    observe(report) {
      const write = takeDown(report)
        .catch(onError)
        .finally(() => writes.delete(write));
      writes.add(write);
    },

    assertOpen: (registry, api) => pauses.assertOver(registry, api),

    async *list() {
      for await (const { value } of ledgers.list())
        yield budgetState(value, configured(value.registry).policy, now());
    },

    pauses: () => pauses.list(),

    async settled() {
      await Promise.all(writes);
    },
  };
}

function metered(
  source: Repository,
  meter: PullMeter,
  lease: PullLease,
  root: Digest | undefined,
): BudgetedSource['source'] {
  return {
    openBlob: (blob, options) => source.openBlob(blob, options),
    referrers: (subject, options) => source.referrers(subject, { ...options, meter }),
    cosignTags: (subject, options) => source.cosignTags(subject, { ...options, meter }),
    async fetchManifest(digest, options) {
      const content = await source.fetchManifest(digest, { ...options, meter });
      await lease.expect(childrenOf(content), { isRoot: digest === root });
      return content;
    },
  };
}

/** Manifests that this one names. */
function childrenOf(content: ManifestContent): number {
  if (!isIndexType(content.mediaType)) return 0;
  const manifest = parseManifest(content);
  return manifest.kind === 'index' ? manifest.manifests.length : 0;
}
