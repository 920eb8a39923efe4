import { expect, it } from 'vitest';
import { lazy } from '../../shared/memo.ts';
import { drawnFaults } from './drawn-faults.ts';
import { chance } from './fault-proxy-chance.ts';
import { type Fault, Faults, FaultyProcess, WAYS_TO_FAIL } from './faulty-process.ts';
import {
  type MemoryTransferWorld,
  memoryTransferWorld,
  type TransferSetting,
  transferProcess,
} from './memory-transfer.ts';
import { DELIVERY_STYLES, type DeliveryStyle } from './redelivering-queue.ts';

/** A queue delivers a message again after this time; the worker's lease of a tag has expired by then. */
const LOCK_MS = 61_000;
const MAX_ROUNDS = 40;
/** It takes a few seconds where nothing else is going on. */
const TIMEOUT = { timeout: 180_000 };

/** A worker that is replaced when it dies. Resolves to whether the work was finished. */
function createWorker(world: MemoryTransferWorld, faults: Faults) {
  let process = new FaultyProcess(faults);
  let app = transferProcess(world, process);
  return async (work: (by: typeof app) => Promise<unknown>): Promise<boolean> => {
    world.pass(LOCK_MS);
    const end = await process.run(async () => void (await work(app))).catch(() => 'threw' as const);
    if (end === 'died') {
      process = new FaultyProcess(faults);
      app = transferProcess(world, process);
    }
    return end === undefined;
  };
}

/** Orders the export and works, one message after the other, until there is nothing left to do. Whether that came. */
async function untilQuiet(world: MemoryTransferWorld, faults: Faults): Promise<boolean> {
  const attempt = createWorker(world, faults);
  const { transfers } = world.queues;
  let isOrdered = false;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const before = faults.struck.length;
    isOrdered ||= await attempt((by) => by.createRun('shop', ['app:*']));
    for (let message = transfers.next(world.now); message; message = transfers.next(world.now)) {
      const { body, done } = message;
      if (await attempt((by) => by.runTransfer(body))) done();
      // What is there by now is found before the next try.
      else await attempt((by) => by.pollContainers());
    }
    const polled = await attempt((by) => by.pollContainers());
    if (isOrdered && polled && transfers.isEmpty && faults.struck.length === before) return true;
  }
  return false;
}

/** The same with every message given to two workers, and all that wait at once. */
async function untilQuietTogether(world: MemoryTransferWorld, faults: Faults): Promise<boolean> {
  const { transfers } = world.queues;
  await createWorker(world, faults)((by) => by.createRun('shop', ['app:*']));
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const due = transfers.due(world.now);
    await Promise.all(
      due.map(async ({ body, done }) => {
        const twins = [createWorker(world, faults), createWorker(world, faults)];
        const ends = await Promise.all(twins.map((attempt) => attempt((by) => by.runTransfer(body))));
        if (ends.every((end) => end)) done();
      }),
    );
    await createWorker(world, faults)((by) => by.pollContainers());
    if (due.length === 0 && transfers.isEmpty) return true;
  }
  return false;
}

/** What is there in the end, without what depends on the time and the tries that it took. */
function endOf(world: MemoryTransferWorld) {
  const puts: Record<string, number> = {};
  for (const { tag } of world.far.tagMoves) puts[tag] = (puts[tag] ?? 0) + 1;
  const exported = Object.values(world.runs.contents()).find(({ name }) => name === 'shoprun');
  return {
    tags: Object.fromEntries(world.far.tags),
    content: [...world.far.manifests.keys(), ...world.far.blobs.keys()].sort(),
    puts,
    archive: Object.fromEntries(
      [...world.container.blobs].map(([name, { stored }]) => [name, stored.contentMd5]).sort(),
    ),
    report: [
      exported?.response.catalogDigest,
      exported?.longshore.exportedArtifacts,
      exported?.longshore.parts,
    ],
    runs: [...new Set(Object.values(world.runs.contents()).map(({ response }) => response.status))],
    deadLetters: world.queues.deadLetters,
    complaints: world.complaints,
  };
}

async function tell(setting: TransferSetting, planned: readonly Fault[], style: DeliveryStyle) {
  const world = memoryTransferWorld(style, setting);
  if (setting.base) {
    const app = transferProcess(world, new FaultyProcess(new Faults()));
    const { name, longshore } = await app.createRun('base', ['app:1'], 'plain');
    await app.runTransfer({ run: name, generation: longshore.generation });
  }
  const faults = new Faults(planned);
  const isQuiet = await untilQuiet(world, faults);
  return { end: { isQuiet, ...endOf(world) }, struck: faults.struck, operations: faults.operations };
}

/** From one registry through storage into another: content arrives once and whole, and nothing is left half done. */
export function testTransferFaults(setting: TransferSetting): void {
  const undisturbed = lazy(() => tell(setting, [], 'in order'));

  it('whatever single call goes wrong, the end is the same', TIMEOUT, async () => {
    const { end: right, operations } = await undisturbed();
    expect(right).toMatchObject({
      isQuiet: true,
      puts: { 1: 1, 2: 1 },
      runs: ['Succeeded'],
      deadLetters: [],
      complaints: [],
    });
    expect(operations).toBeGreaterThan(50);
    for (let nth = 1; nth <= operations; nth += 1) {
      for (const [at, way] of WAYS_TO_FAIL.entries()) {
        const style = DELIVERY_STYLES[(nth + at) % DELIVERY_STYLES.length] ?? 'in order';
        const { end, struck } = await tell(setting, [{ nth, ...way }], style);
        expect(end, `${struck}, delivered ${style}`).toEqual(right);
      }
    }
  });

  it('whatever two calls go wrong, the end is the same', TIMEOUT, async () => {
    const { end: right, operations } = await undisturbed();
    for (let seed = 1; seed <= 40; seed += 1) {
      const { planned, style } = drawnFaults(seed, 2, operations);
      const { end, struck } = await tell(setting, planned, style);
      expect(end, `seed ${seed}: ${struck}, delivered ${style}`).toEqual(right);
    }
  });
}

/** Several workers on the same messages, at any pace: the end is that of one worker. */
export function testTransfersSideBySide(setting: TransferSetting, seeds: number): void {
  it(
    'however workers on the same messages get in each other’s way, the end is the same',
    TIMEOUT,
    async () => {
      const { end: right } = await tell(setting, [], 'in order');
      for (let seed = 1; seed <= seeds; seed += 1) {
        const world = memoryTransferWorld('in order', setting);
        let turns = 0;
        const faults = new Faults([], async () => {
          turns += 1;
          const rest = Math.floor(chance(seed, turns) * 5);
          for (let turn = 0; turn < rest; turn += 1) await new Promise(setImmediate);
        });
        const isQuiet = await untilQuietTogether(world, faults);
        expect({ isQuiet, ...endOf(world) }, `seed ${seed}`).toEqual(right);
      }
    },
  );
}
