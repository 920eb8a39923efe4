/**
 * A process that polls: with everything it looks at copied already, so that nothing has changed. Prints what it measured
 * as JSON. `node bench/poll/client.ts '{"host", "repositories", "tagsEach", "rounds", "bare", "repository", "digest"}'`
 */
import { Agent } from 'undici';
import { createApp } from '../../shared/app/index.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Config } from '../../shared/config/index.ts';
import { formatReference, MANIFEST_ACCEPT } from '../../shared/content/index.ts';
import type { Watch } from '../../shared/mirror/index.ts';
import type { OpenRecords } from '../../shared/records.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { peakMemoryBytes } from '../peak-memory.ts';
import { createMemoryRecords } from './memory-records.ts';
import { createWatches, SAME_DIGEST } from './watches.ts';

/** What to poll and how often. */
export interface PollTask {
  readonly host: string;
  readonly repositories: number;
  readonly tagsEach: number;
  readonly rounds: number;
  /** Whether each round also asks the same by a bare loop over the HTTP client. */
  readonly bare: boolean;
  /** In place of the made-up repositories: one that exists, whose tags all name `digest`. */
  readonly existing?: { readonly repository: string; readonly digest: string };
}

export interface PollMeasurement {
  /** Of each round, in milliseconds. */
  readonly pollMs: readonly number[];
  readonly bareMs: readonly number[];
  /** Processor time of each round, in milliseconds. */
  readonly pollCpuMs: readonly number[];
  readonly bareCpuMs: readonly number[];
  readonly heads: number;
  readonly peakMiB: number;
  /** Resident after each round. */
  readonly residentMiB: readonly number[];
}

const CONNECTIONS = 16;
const MIB = 1024 * 1024;

const task: PollTask = JSON.parse(process.argv[2] ?? '{}');
const made = createWatches(task.host, task.repositories, task.tagsEach);
const watches: readonly Watch[] = made.map((watch) =>
  task.existing ? { ...watch, source: { registry: task.host, repository: task.existing.repository } } : watch,
);
const digest = (task.existing?.digest ?? SAME_DIGEST) as typeof SAME_DIGEST;

const tables = new Map<string, ReturnType<typeof createMemoryRecords>>();
function tableOf(name: string): ReturnType<typeof createMemoryRecords> {
  const table = tables.get(name) ?? createMemoryRecords();
  tables.set(name, table);
  return table;
}
const observations = tableOf('observations');
for (const { source, targets, tags } of watches) {
  for (const target of targets) {
    for (const tag of tags.include) {
      if (typeof tag !== 'string') continue;
      await observations.update({ partition: formatReference(target), row: tag }, () => ({
        target: formatReference({ ...target, tag }),
        source: formatReference(source),
        digest,
        platforms: [],
        observedAt: '2026-01-01T00:00:00.000Z',
        queued: true,
      }));
    }
  }
}
const registry = createRegistryClient();
const probe = async () => {};
const unexpected = async (): Promise<never> => {
  throw new Error('Nothing has changed, and yet a poll has something to do.');
};
const broker = { peek: unexpected, peekDeadLetters: unexpected, drainDeadLetters: unexpected };
const config: Config = {
  watches,
  patterns: [],
  registries: new Map(),
  webhooks: [],
  retentionMs: Number.POSITIVE_INFINITY,
};
const app = createApp(config, {
  clock: systemClock,
  records: ((table) => tableOf(table)) as OpenRecords,
  queues: {
    imports: { ...broker, send: unexpected, sendAt: unexpected, probe },
    polls: { ...broker, send: unexpected, probe },
    transfers: { ...broker, send: unexpected, sendAt: unexpected, probe },
    deadLetters: { deadLetter: unexpected, probe },
  },
  containers: { open: unexpected },
  ownContainers: { uri: unexpected, transfer: 'transfer' },
  serverTime: unexpected,
  secrets: { read: unexpected },
  connectRegistries: () => registry,
  close: probe,
});

async function poll(): Promise<number> {
  const { watches: reports } = await app.poll({ force: true });
  for (const { errors } of reports) if (errors[0]) throw new Error(errors[0].message);
  return reports.reduce((heads, { requests }) => heads + requests.heads, 0);
}

const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });

/** What a registry is to be told with each HEAD. */
const HEADERS = { 'user-agent': 'longshore', accept: MANIFEST_ACCEPT.join(', ') };

/** The least that as many HEADs can cost here: as many connections, each with one after the other. */
async function askBarely(): Promise<void> {
  const paths = watches.flatMap(({ source, tags }) =>
    tags.include.map((tag) => `/v2/${source.repository}/manifests/${tag}`),
  );
  let next = 0;
  const ask = async () => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      const { headers, body } = await agent.request({
        origin: `http://${task.host}`,
        path,
        method: 'HEAD',
        headers: HEADERS,
        reset: false,
      });
      await body.dump();
      if (headers['docker-content-digest'] !== digest) throw new Error(`${path} names something else.`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, ask));
}

/** Adds what a run takes to `wallMs` and `cpuMs`. */
async function timed(run: () => Promise<unknown>, wallMs: number[], cpuMs: number[]): Promise<void> {
  const cpuBefore = process.cpuUsage();
  const from = performance.now();
  await run();
  wallMs.push(performance.now() - from);
  const { user, system } = process.cpuUsage(cpuBefore);
  cpuMs.push((user + system) / 1000);
}

const pollMs: number[] = [];
const bareMs: number[] = [];
const pollCpuMs: number[] = [];
const bareCpuMs: number[] = [];
const residentMiB: number[] = [];
let heads = 0;
for (let round = 0; round < task.rounds; round += 1) {
  await timed(
    async () => {
      heads = await poll();
    },
    pollMs,
    pollCpuMs,
  );
  residentMiB.push(process.memoryUsage.rss() / MIB);
  if (task.bare) await timed(askBarely, bareMs, bareCpuMs);
}
await Promise.all([app.close(), agent.close()]);
const measured: PollMeasurement = {
  pollMs,
  bareMs,
  pollCpuMs,
  bareCpuMs,
  heads,
  peakMiB: peakMemoryBytes() / MIB,
  residentMiB,
};
console.log(JSON.stringify(measured));
