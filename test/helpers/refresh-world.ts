import { ReadableStream } from 'node:stream/web';
import type { BudgetedWork } from '../../shared/budget/budgets.ts';
import { createBudgets, type Ledger, type Pause } from '../../shared/budget/index.ts';
import { parseRepositoryName, type RepositoryName } from '../../shared/content/index.ts';
import { RegistryError } from '../../shared/errors.ts';
import {
  type BlobRecord,
  createRecordedQueue,
  type ImportJob,
  type JobQueue,
  type JobRecord,
  runImport,
  type TagRecord,
} from '../../shared/imports/index.ts';
import {
  type Observation,
  type PollReport,
  type PollShard,
  type PollState,
  pollShard,
  pollUpstreams,
  type Watch,
  type WatchRecord,
} from '../../shared/mirror/index.ts';
import type { Records } from '../../shared/records.ts';
import type { PullOptions, Repository } from '../../shared/registry/index.ts';
import { silent } from '../../shared/telemetry/index.ts';
import { createWebhooks, type Webhook } from '../../shared/webhooks/index.ts';
import type { RepositoryNotices } from '../../shared/webhooks/notices.ts';
import type { FaultyProcess } from './faulty-process.ts';
import { type Graph, image, MemoryRepository } from './memory-content.ts';
import { createMemoryRecords } from './memory-records.ts';
import { type DeliveryStyle, RedeliveringQueue } from './redelivering-queue.ts';

const UPSTREAM = parseRepositoryName('docker.io/library/app');
const MIRROR = parseRepositoryName('mirror.test/app');
const MINUTE_MS = 60_000;
export const WINDOW_MS = 60 * MINUTE_MS;
/** Pulls that upstream allows in an hour: a try that has to be repeated may have to wait. */
export const LIMIT = 3;

export const WATCH: Watch = {
  name: 'app',
  source: UPSTREAM,
  targets: [MIRROR],
  tags: { include: ['*'], exclude: [] },
  schedule: { cron: '*/15 * * * *', timezone: 'UTC', jitterMs: 0 },
  platforms: [],
  referrers: false,
};
const SECRET = 'aSecretThatIsLongEnough-0123456789';

/** A repository that counts pulls in a sliding window, says so in its answers, and refuses what is too much. */
class LimitedRepository extends MemoryRepository {
  readonly name = UPSTREAM;
  refused = 0;
  readonly #limit: number;
  readonly #now: () => number;
  #pulls: number[] = [];

  constructor(limit: number, now: () => number) {
    super();
    this.#limit = limit;
    this.#now = now;
  }

  override resolve(tagOrDigest: string, options: PullOptions = {}) {
    return this.#metered(false, options, () => super.resolve(tagOrDigest, options));
  }

  override fetchManifest(digest: string, options: PullOptions = {}) {
    return this.#metered(true, options, () => super.fetchManifest(digest, options));
  }

  async #metered<T>(isPull: boolean, { meter, signal }: PullOptions, answer: () => Promise<T>): Promise<T> {
    const metered = await meter?.begin({ isPull, signal });
    this.#pulls = this.#pulls.filter((at) => at > this.#now() - WINDOW_MS);
    if (isPull && this.#pulls.length >= this.#limit) {
      this.refused += 1;
      throw new RegistryError('E_RATE_LIMITED', 'toomanyrequests', { status: 429 });
    }
    if (isPull) this.#pulls.push(this.#now());
    const given = await answer();
    const remaining = this.#limit - this.#pulls.length;
    const pulls = { limit: this.#limit, windowSeconds: WINDOW_MS / 1000, remaining, source: '192.0.2.1' };
    await metered?.end({ status: 200, report: { registry: UPSTREAM.registry, api: 'registry', pulls } });
    return given;
  }
}

export interface RefreshWorldOptions {
  readonly watches: readonly Watch[];
  readonly style: DeliveryStyle;
  /** Default: `LIMIT`. */
  readonly limit?: number | undefined;
  /** Default: none. */
  readonly webhooks?: readonly Webhook[] | undefined;
}

/** What stays when a process dies: registries, records, queues, and the time. */
export class RefreshWorld {
  time = Date.parse('2026-05-01T00:00:00Z');
  readonly watches: readonly Watch[];
  readonly upstream: LimitedRepository;
  readonly mirror = new MemoryRepository();
  readonly observations = createMemoryRecords<Observation>();
  readonly polls = createMemoryRecords<PollState>();
  readonly watchRecords = createMemoryRecords<WatchRecord>();
  readonly jobs = createMemoryRecords<JobRecord>();
  readonly tags = createMemoryRecords<TagRecord>();
  readonly blobs = createMemoryRecords<BlobRecord>();
  readonly ledgers = createMemoryRecords<Ledger>();
  readonly pauses = createMemoryRecords<Pause>();
  readonly notices = createMemoryRecords<RepositoryNotices>();
  readonly allowances = createMemoryRecords<{ minute: string; given: number }>();
  readonly webhooks: readonly Webhook[];
  readonly shards: RedeliveringQueue<PollShard>;
  readonly imports: RedeliveringQueue<ImportJob>;
  readonly deadLetters: unknown[] = [];
  readonly #limit: number;

  constructor({ watches, style, limit = LIMIT, webhooks = [] }: RefreshWorldOptions) {
    this.watches = watches;
    this.#limit = limit;
    this.webhooks = webhooks;
    this.upstream = new LimitedRepository(limit, () => this.time);
    this.shards = new RedeliveringQueue(style);
    this.imports = new RedeliveringQueue(style);
  }

  readonly now = (): Date => new Date(this.time);

  /** Upstream moves a tag, or makes it. */
  push(tag: string, graph: Graph): void {
    this.upstream.seed(graph).tags.set(tag, graph.root.digest);
  }

  /** Another world that is as this one is by now, with empty queues. */
  async copy(options: Pick<RefreshWorldOptions, 'style' | 'webhooks'>): Promise<RefreshWorld> {
    const other = new RefreshWorld({ watches: this.watches, limit: this.#limit, ...options });
    other.time = this.time;
    copyRepository(this.upstream, other.upstream);
    copyRepository(this.mirror, other.mirror);
    await copyRecords(this.observations, other.observations);
    await copyRecords(this.polls, other.polls);
    await copyRecords(this.watchRecords, other.watchRecords);
    await copyRecords(this.jobs, other.jobs);
    await copyRecords(this.tags, other.tags);
    await copyRecords(this.ledgers, other.ledgers);
    return other;
  }

  /** Manifests that were put under each tag of the mirror. */
  puts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { tag } of this.mirror.tagMoves) counts[tag] = (counts[tag] ?? 0) + 1;
    return counts;
  }
}

/** Upstream had the tags 2 and 3, which `refresh` copied; then 2 moved, 3 was deleted, and 4 is new. */
export async function changedWorld(
  refresh: (world: RefreshWorld) => Promise<unknown>,
): Promise<RefreshWorld> {
  const world = new RefreshWorld({ watches: [WATCH], style: 'in order' });
  for (const tag of ['2', '3']) world.push(tag, image(`app ${tag}`));
  await refresh(world);
  world.push('2', image('app 2 anew'));
  world.push('4', image('app 4'));
  world.upstream.tags.delete('3');
  world.time += WINDOW_MS;
  return world;
}

async function copyRecords<T extends object>(from: Records<T>, to: Records<T>): Promise<void> {
  for await (const { key, value } of from.list()) await to.update(key, () => value);
}

function copyRepository(from: MemoryRepository, to: MemoryRepository): void {
  for (const [digest, content] of from.manifests) to.manifests.set(digest, content);
  for (const [digest, bytes] of from.blobs) to.blobs.set(digest, bytes);
  for (const [tag, digest] of from.tags) to.tags.set(tag, digest);
}

/** Everything that one process of Longshore does to keep tags fresh, put together as the application does it. */
export function refreshProcess(world: RefreshWorld, process: FaultyProcess) {
  const { now } = world;
  const upstream = process.wrap(world.upstream, 'upstream');
  const mirror = process.wrap(world.mirror, 'mirror');
  const [observations, polls, watches, jobs, tags, blobs] = [
    process.wrap(world.observations, 'observations'),
    process.wrap(world.polls, 'polls'),
    process.wrap(world.watchRecords, 'watches'),
    process.wrap(world.jobs, 'jobs'),
    process.wrap(world.tags, 'tags'),
    process.wrap(world.blobs, 'blobs'),
  ];
  const budgets = createBudgets({
    ledgers: process.wrap(world.ledgers, 'ledgers'),
    pauses: process.wrap(world.pauses, 'pauses'),
    configured: () => ({ policy: {}, account: 'anonymous' }),
    now: () => world.time,
  });
  const rawQueue: JobQueue = process.wrap(
    {
      async send(batch) {
        for (const job of batch) world.imports.send(job, { id: job.id });
      },
      sendAt: async (job, at) => world.imports.send(job, { at: at.getTime() }),
    } satisfies JobQueue,
    'imports queue',
  );
  const pollQueue = process.wrap(
    {
      async send(shards: readonly PollShard[]) {
        for (const shard of shards) world.shards.send(shard, { id: shard.id });
      },
    },
    'polls queue',
  );
  const deadLetters = process.wrap(
    {
      deadLetter: async (body: unknown, reason: object) => void world.deadLetters.push({ body, ...reason }),
    },
    'dead letters',
  );
  const isUpstream = ({ registry }: RepositoryName) => registry === UPSTREAM.registry;
  const asked = (repository: MemoryRepository, name: string) =>
    process.wrap(
      {
        async *tags() {
          yield* repository.tags.keys();
        },
        listDigests: () => undefined,
        resolve: repository.resolve.bind(repository),
      },
      name,
    );
  const ports = {
    registry: {
      repository: (name: RepositoryName) =>
        isUpstream(name) ? asked(world.upstream, 'upstream') : asked(world.mirror, 'mirror'),
    },
    observations,
    polls,
    tags,
    watches,
    queue: createRecordedQueue(rawQueue, jobs, now),
    now,
  };

  // As much of one as imports read.
  const openUpstream = (work: BudgetedWork) => budgets.open(upstream as unknown as Repository, work);

  const webhooks = createWebhooks({
    webhooks: world.webhooks,
    watches: async () => world.watches,
    secretsOf: () => [Promise.resolve(SECRET)],
    poll: ports,
    notices: process.wrap(world.notices, 'notices'),
    allowances: process.wrap(world.allowances, 'allowances'),
  });
  const besides = async (poll: (rested: readonly Watch[]) => Promise<PollReport>) => {
    const report = await poll(await webhooks.rested(world.watches));
    await webhooks.learnFrom(world.watches, report.watches);
    return report;
  };

  return {
    budgets,
    openUpstream,
    timer: () => besides((watches) => pollUpstreams(watches, { ...ports, pollQueue })),
    pollShard: (body: unknown) => besides((watches) => pollShard(body, watches, ports)),
    followNotices: () => webhooks.followWaiting({ logger: silent }),
    /** Docker Hub tells that a tag was pushed. Resolves to the status of the answer. */
    hear: async (tag: string) => {
      const notice = { push_data: { tag }, repository: { repo_name: UPSTREAM.repository } };
      const request = { method: 'POST', name: 'hub', secret: SECRET, headers: new Headers() };
      const body = ReadableStream.from([Buffer.from(JSON.stringify(notice))]);
      return (await webhooks.receive({ ...request, body }, { logger: silent })).status;
    },
    runImport: (body: unknown) =>
      runImport(body, {
        repository: (name) => (isUpstream(name) ? upstream : mirror),
        openSource: (_, work) => openUpstream(work),
        jobs,
        tags,
        blobs,
        queue: ports.queue,
        deadLetters,
        logger: silent,
        now,
        random: () => 0,
        wait: async (ms) => {
          world.time += ms;
        },
      }),
  };
}
