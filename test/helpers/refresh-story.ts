import { expect } from 'vitest';
import { createBudgets, type Ledger, type Pause } from '../../shared/budget/index.ts';
import type { JobRecord, TagRecord } from '../../shared/imports/index.ts';
import { isHeld } from '../../shared/lease.ts';
import type { Observation, PollReport, Watch, WatchRecord } from '../../shared/mirror/index.ts';
import { type Faults, FaultyProcess } from './faulty-process.ts';
import { memoryRegistries } from './memory-registries.ts';
import type { RedeliveringQueue } from './redelivering-queue.ts';
import { LIMIT, type RefreshWorld, refreshProcess, UPSTREAM, WINDOW_MS } from './refresh-world.ts';

const MINUTE_MS = 60_000;
/** How long a queue locks a message. */
const LOCK_MS = 5 * MINUTE_MS;
const MAX_ROUNDS = 60;

type App = ReturnType<typeof refreshProcess>;

/** Processes of which the next one begins when one has died. */
export class Crew {
  readonly #world: RefreshWorld;
  readonly #faults: Faults;
  #process: FaultyProcess;
  #app: App;

  constructor(world: RefreshWorld, faults: Faults) {
    this.#world = world;
    this.#faults = faults;
    this.#process = new FaultyProcess(faults);
    this.#app = refreshProcess(world, this.#process);
  }

  /** The result of the work; `undefined` when it threw, or its process died. */
  async attempt<T>(work: (app: App) => Promise<T>): Promise<{ readonly result: T } | undefined> {
    const end = await this.#process
      .run(async () => ({ result: await work(this.#app) }))
      .catch(() => undefined);
    if (end !== 'died') return end;
    this.#process = new FaultyProcess(this.#faults);
    this.#app = refreshProcess(this.#world, this.#process);
    this.#world.time += LOCK_MS;
    return undefined;
  }

  /** Takes messages until none is due. Those whose work did not come to its end are delivered again. */
  async drain<T>(queue: RedeliveringQueue<T>, work: (app: App, body: T) => Promise<unknown>): Promise<void> {
    for (let message = queue.next(this.#world.time); message; message = queue.next(this.#world.time)) {
      const { body, done } = message;
      if (await this.attempt((app) => work(app, body))) done();
    }
  }

  runImports(): Promise<void> {
    return this.drain(this.#world.queues.imports, (app, body) => app.runImport(body));
  }
}

/** Polls and imports until all watches were looked at and there was nothing left to do. Whether that came. */
export async function refreshUntilQuiet(world: RefreshWorld, faults: Faults): Promise<boolean> {
  const crew = new Crew(world, faults);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const reports: PollReport[] = [];
    await crew.attempt(async (app) => reports.push(await app.poll()));
    await crew.drain(world.queues.polls, async (app, body) => reports.push(await app.pollWatches(body)));
    await crew.runImports();
    world.time += 15 * MINUTE_MS;
    if (world.queues.imports.isEmpty && foundNothing(reports, world.watches)) return true;
  }
  return false;
}

/** Whether every watch was polled, without errors and without anything to import. */
function foundNothing(reports: readonly PollReport[], watches: readonly Watch[]): boolean {
  const polled = reports.flatMap((report) => report.watches);
  return (
    new Set(polled.map(({ watch }) => watch)).size === watches.length &&
    polled.every(({ errors, queued }) => errors.length + queued.length === 0)
  );
}

/** What is there in the end, without what depends on the time that it took. */
export function endOf(world: RefreshWorld) {
  return {
    tags: Object.fromEntries(world.mirror.tags),
    puts: world.puts(),
    observations: byTarget(
      world.tables.table<Observation>('observations').contents(),
      ({ digest, queued, upstreamGoneAt }) => ({
        digest,
        queued,
        isGone: upstreamGoneAt !== undefined,
      }),
    ),
    jobs: Object.values(world.tables.table<JobRecord>('jobs').contents())
      .map(
        ({ target, digest, state }) => `${target} ${digest} ${state === 'unchanged' ? 'succeeded' : state}`,
      )
      .sort(),
    given: byTarget(world.tables.table<TagRecord>('tags').contents(), (record) => ({
      digest: record.digest,
      isHeld: isHeld(record, world.clock.now()),
    })),
    watch: Object.values(world.tables.table<WatchRecord>('watches').contents()).map(({ state, gone }) => [
      state,
      gone.map(({ tag }) => tag),
    ]),
    deadLetters: world.queues.deadLetters,
    refused: world.upstream.refused,
  };
}

function byTarget<T extends { readonly target: string }, R>(
  records: Readonly<Record<string, T>>,
  show: (record: T) => R,
): Record<string, R> {
  return Object.fromEntries(Object.values(records).map((record) => [record.target, show(record)]));
}

/** Minutes after the last process nothing is reserved; an hour after, all that upstream allows is available. */
export async function expectWholeBudget(world: RefreshWorld): Promise<void> {
  const budgets = createBudgets({
    ledgers: world.tables.table<Ledger>('budgets'),
    pauses: world.tables.table<Pause>('pauses'),
    configured: () => ({ policy: {}, account: 'anonymous' }),
    now: () => world.time,
  });
  const registries = memoryRegistries(world.registries);
  world.time += 11 * MINUTE_MS;
  expect(await Array.fromAsync(budgets.list())).toMatchObject([{ reserved: 0 }]);
  world.time += WINDOW_MS;
  const [root] = world.upstream.manifests.keys();
  if (!root) throw new Error('Upstream has nothing.');
  const work = budgets.open(registries.repository(UPSTREAM), { root, platforms: [], pulls: LIMIT });
  for (let pull = 0; pull < LIMIT; pull += 1) await work.source.fetchManifest(root);
  await work.close();
  expect(await Array.fromAsync(budgets.list())).toMatchObject([{ reserved: 0 }]);
}
