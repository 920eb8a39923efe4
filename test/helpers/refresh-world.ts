import { ReadableStream } from 'node:stream/web';
import { createApp } from '../../shared/app/create-app.ts';
import type { Config } from '../../shared/config/index.ts';
import { parseRepositoryName } from '../../shared/content/index.ts';
import { PolicyError, RegistryError } from '../../shared/errors.ts';
import type { TagGuard } from '../../shared/imports/index.ts';
import type { Watch } from '../../shared/mirror/index.ts';
import type { PullOptions } from '../../shared/registry/index.ts';
import { silent } from '../../shared/telemetry/index.ts';
import type { Webhook } from '../../shared/webhooks/index.ts';
import type { FaultyProcess } from './faulty-process.ts';
import { type Graph, image, MemoryRepository } from './memory-content.ts';
import { memoryPorts, storyClock } from './memory-ports.ts';
import { type QueueContents, queueContents } from './memory-queues.ts';
import { createMemoryTables, type MemoryTables } from './memory-tables.ts';
import type { DeliveryStyle } from './redelivering-queue.ts';

export const UPSTREAM = parseRepositoryName('docker.io/library/app');
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
/** What a world hands on to its copies. */
const KEPT_TABLES = ['observations', 'polls', 'watches', 'jobs', 'tags', 'budgets'];
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
  /** How long a policy holds every tag. Default: there is none. */
  readonly heldForMs?: number | undefined;
}

/** What stays when a process dies: registries, records, queues, and the time. */
export class RefreshWorld {
  time = Date.parse('2026-05-01T00:00:00Z');
  readonly watches: readonly Watch[];
  readonly upstream: LimitedRepository;
  readonly mirror = new MemoryRepository();
  readonly tables: MemoryTables;
  readonly queues: QueueContents;
  readonly registries: Readonly<Record<string, MemoryRepository>>;
  readonly clock = storyClock(this);
  readonly secrets = { read: async () => SECRET };
  readonly webhooks: readonly Webhook[];
  readonly guards: readonly TagGuard[];
  readonly #limit: number;

  constructor({ watches, style, limit = LIMIT, webhooks = [], heldForMs = 0 }: RefreshWorldOptions) {
    this.watches = watches;
    this.#limit = limit;
    this.webhooks = webhooks;
    this.guards = heldForMs > 0 ? [this.#gate(heldForMs)] : [];
    this.upstream = new LimitedRepository(limit, () => this.time);
    this.registries = { [UPSTREAM.registry]: this.upstream, [MIRROR.registry]: this.mirror };
    this.tables = createMemoryTables({ now: () => this.clock.now() });
    this.queues = queueContents(style);
  }

  /** Holds one tag before the copy and the others right before they move. */
  #gate(heldForMs: number): TagGuard {
    let until: Date | undefined;
    return ({ phase, target: { tag } }) => {
      until ??= new Date(this.time + heldForMs);
      if (this.time >= until.getTime() || phase !== (tag === '2' ? 'before-copy' : 'publish')) return 'allow';
      throw new PolicyError('the gate is closed', { until });
    };
  }

  /** Upstream moves a tag, or makes it. */
  push(tag: string, graph: Graph): void {
    this.upstream.seed(graph).tags.set(tag, graph.root.digest);
  }

  /** Another world that is as this one is by now, with empty queues. */
  async copy(options: Pick<RefreshWorldOptions, 'style' | 'webhooks' | 'heldForMs'>): Promise<RefreshWorld> {
    const other = new RefreshWorld({ watches: this.watches, limit: this.#limit, ...options });
    other.time = this.time;
    copyRepository(this.upstream, other.upstream);
    copyRepository(this.mirror, other.mirror);
    await this.tables.copy(KEPT_TABLES, other.tables);
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

function copyRepository(from: MemoryRepository, to: MemoryRepository): void {
  for (const [digest, content] of from.manifests) to.manifests.set(digest, content);
  for (const [digest, bytes] of from.blobs) to.blobs.set(digest, bytes);
  for (const [tag, digest] of from.tags) to.tags.set(tag, digest);
}

/** One process of Longshore, of which each call to anything outside may go wrong. */
export function refreshProcess(world: RefreshWorld, process: FaultyProcess) {
  const webhooks = world.webhooks.map((webhook) => ({ ...webhook, secrets: [{ env: 'SECRET' }] }));
  const config: Config = {
    watches: world.watches,
    patterns: [],
    registries: new Map(),
    webhooks,
    retentionMs: 90 * 24 * 60 * MINUTE_MS,
  };
  const app = createApp(config, memoryPorts(world, process), { guards: world.guards });
  return {
    ...app,
    /** Docker Hub tells that a tag was pushed. Resolves to the status of the answer. */
    hear: async (tag: string) => {
      const notice = { push_data: { tag }, repository: { repo_name: UPSTREAM.repository } };
      const request = { method: 'POST', name: 'hub', secret: SECRET, headers: new Headers() };
      const body = ReadableStream.from([Buffer.from(JSON.stringify(notice))]);
      return (await app.webhooks.receive({ ...request, body }, { logger: silent })).status;
    },
  };
}
