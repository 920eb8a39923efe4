import { formatReference, parseRepositoryName } from '../../../../shared/content/index.ts';
import { RegistryError } from '../../../../shared/errors.ts';
import { type ImportJob, tagKey } from '../../../../shared/imports/index.ts';
import type { ApprovePorts } from '../../../../shared/mirror/deletions/index.ts';
import {
  approveDeletions,
  type DeletionOutcome,
  type Observation,
  proposeDeletions,
  type Watch,
} from '../../../../shared/mirror/index.ts';
import { type Graph, image } from '../../../helpers/memory-content.ts';
import { type AtMoment, World, type WorldOptions } from '../../../helpers/memory-jobs.ts';
import { createMemoryRecords, type MemoryRecords } from '../../../helpers/memory-records.ts';

export const TARGET = 'mirror.test/app:1';
/** The world's time is three weeks later. */
const GONE_AT = '2026-04-10T00:00:00.000Z';

export const WATCH: Watch = {
  name: 'app',
  source: parseRepositoryName('docker.io/library/app'),
  targets: [parseRepositoryName('mirror.test/app')],
  tags: { include: ['*'], exclude: [] },
  schedule: { cron: '0 * * * *', timezone: 'UTC', jitterMs: 0 },
  platforms: [],
  deletions: 'propose',
};

export interface DeletionWorldOptions extends WorldOptions {
  /** What the target's registry deletes. Default: tags, as distribution-spec has it. */
  readonly deletes?: 'tags' | 'manifests' | 'nothing';
  /** Upstream does not show the repository. */
  readonly sourceUnknown?: boolean;
}

/** A tag `1` that was imported, then deleted upstream, and what it takes to propose and approve its deletion here. */
export class DeletionWorld extends World {
  readonly observations: MemoryRecords<Observation>;
  /** Of the target registry, in order. */
  readonly deletions: string[] = [];
  readonly #options: DeletionWorldOptions;

  constructor(options: DeletionWorldOptions = {}) {
    super(options);
    this.#options = options;
    this.observations = createMemoryRecords(options.atRecords && { at: options.atRecords });
  }

  static async create(options?: DeletionWorldOptions, graph: Graph = image('app')) {
    const world = new DeletionWorld(options);
    const job = world.job(graph, 0);
    await world.run(job);
    await world.observe(job, GONE_AT);
    return { world, job };
  }

  async observe({ id: _, reason: __, ...seen }: ImportJob, upstreamGoneAt?: string): Promise<void> {
    const [partition = '', row = ''] = seen.target.split(':');
    await this.observations.update({ partition, row }, () => ({
      ...seen,
      queued: true,
      ...(upstreamGoneAt !== undefined && { upstreamGoneAt }),
    }));
  }

  /** Another tag that names the same, or something else, and the ledger's record of it. */
  async tagAlso(tag: string, graph: Graph): Promise<void> {
    this.target.seed(graph).tags.set(tag, graph.root.digest);
    const target = { ...parseRepositoryName('mirror.test/app'), tag };
    await this.tags.update(tagKey(target), () => ({
      target: formatReference(target),
      digest: graph.root.digest,
      observedAt: '2026-04-01T00:00:00.000Z',
    }));
  }

  propose(watches: readonly Watch[] = [WATCH]) {
    return proposeDeletions(watches, this.ports());
  }

  approve(choice: readonly string[] | 'all' = [TARGET], at?: AtMoment): Promise<readonly DeletionOutcome[]> {
    return approveDeletions(choice, [WATCH], this.ports(at));
  }

  async approveOne(at?: AtMoment): Promise<DeletionOutcome | undefined> {
    return (await this.approve([TARGET], at))[0];
  }

  ports(at: AtMoment = () => {}): ApprovePorts {
    const { deletes = 'tags', sourceUnknown = false } = this.#options;
    const { wait, now = () => new Date(this.time) } = this.worker(at);
    const { source, target, deletions } = this;
    const repositoryOf = (memory: typeof target) => ({
      async resolve(tagOrDigest: string) {
        await at('resolve start');
        const there = await memory.resolve(tagOrDigest);
        await at('resolve end');
        return there;
      },
      fetchManifest: memory.fetchManifest.bind(memory),
      async *tags() {
        await at('tags');
        yield* memory.tags.keys();
      },
      async mayExist() {
        return !sourceUnknown;
      },
      async deleteTag(tag: string) {
        await at('deleteTag start');
        if (deletes !== 'tags') return 'unsupported' as const;
        deletions.push(tag);
        memory.tags.delete(tag);
        await at('deleteTag end');
        return 'deleted' as const;
      },
      async deleteManifest(digest: string) {
        await at('deleteManifest start');
        if (deletes === 'nothing') throw new RegistryError('E_PROTOCOL', 'answered 405.', { status: 405 });
        deletions.push(digest);
        for (const [tag, named] of memory.tags) if (named === digest) memory.tags.delete(tag);
        for (const known of memory.manifests.keys()) if (known === digest) memory.manifests.delete(known);
        await at('deleteManifest end');
      },
    });
    return {
      registry: { repository: ({ registry }) => repositoryOf(registry === 'docker.io' ? source : target) },
      observations: this.observations,
      tags: this.tags,
      jobs: this.jobs,
      now,
      wait,
    };
  }
}
