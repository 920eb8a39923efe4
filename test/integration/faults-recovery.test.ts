import { expect, it } from 'vitest';
import type { JobRecord } from '../../shared/imports/index.ts';
import { lazy } from '../../shared/memo.ts';
import { drawnFaults } from '../helpers/drawn-faults.ts';
import { type Fault, Faults, WAYS_TO_FAIL } from '../helpers/faulty-process.ts';
import { image } from '../helpers/memory-content.ts';
import { DELIVERY_STYLES, type DeliveryStyle } from '../helpers/redelivering-queue.ts';
import { Crew, endOf, refreshUntilQuiet } from '../helpers/refresh-story.ts';
import { RefreshWorld, WATCH } from '../helpers/refresh-world.ts';

/** It takes a few seconds where nothing else is going on. */
const TIMEOUT = { timeout: 180_000 };
const MINUTE_MS = 60_000;
const TAGS = ['1', '2', '3'];

/** Three tags are queued, then the broker gives up every message; the sweeper runs as its timer does. */
async function tellOfDeadLetters(planned: readonly Fault[], style: DeliveryStyle) {
  const world = new RefreshWorld({ watches: [WATCH], style, limit: 1000 });
  for (const tag of TAGS) world.push(tag, image(`app ${tag}`));
  await new Crew(world, new Faults()).attempt((app) => app.poll());
  world.queues.imports.giveUp(world.time);
  expect(world.queues.imports.deadLetters).toHaveLength(TAGS.length);
  const faults = new Faults(planned);
  const crew = new Crew(world, faults);
  for (let tick = 0; tick < 6; tick += 1) {
    await crew.attempt((app) => app.sweepDeadLetters());
    world.time += MINUTE_MS;
  }
  const records = Object.values(world.tables.table<JobRecord>('jobs').contents());
  const left = world.queues.imports.deadLetters.length;
  const isQuiet = await refreshUntilQuiet(world, new Faults());
  return { records, faults, end: { isQuiet, left, ...endOf(world) } };
}

const undisturbed = lazy(() => tellOfDeadLetters([], 'in order'));

it('a message that the broker gave up is a failed try of its job, with the reason of the broker', async () => {
  const { records, end } = await undisturbed();
  expect(records).toHaveLength(TAGS.length);
  for (const record of records) {
    expect(record).toMatchObject({ state: 'queued', failures: 1, errorCode: 'E_UNDELIVERED' });
    expect(record.detail).toMatch(
      /^will be tried again at .*: Service Bus gave the message up after 10 deliveries: MaxDeliveryCountExceeded: /,
    );
    expect(record.dueAt).toEqual(expect.any(String));
  }
  expect(end).toMatchObject({ isQuiet: true, left: 0, puts: { 1: 1, 2: 1, 3: 1 }, deadLetters: [] });
});

it('whatever single call of the sweeper goes wrong, every job is imported once', TIMEOUT, async () => {
  const { end: right, faults: calm } = await undisturbed();
  expect(calm.operations).toBeGreaterThan(8);
  for (let nth = 1; nth <= calm.operations; nth += 1) {
    for (const [at, way] of WAYS_TO_FAIL.entries()) {
      const style = DELIVERY_STYLES[(nth + at) % DELIVERY_STYLES.length] ?? 'in order';
      const { end, faults } = await tellOfDeadLetters([{ nth, ...way }], style);
      expect(end, `${faults.struck}, delivered ${style}`).toEqual(right);
    }
  }
});

it('whatever three calls of the sweeper go wrong, every job is imported once', TIMEOUT, async () => {
  const { end: right, faults: calm } = await undisturbed();
  for (let seed = 1; seed <= 40; seed += 1) {
    const { planned, style } = drawnFaults(seed, 3, calm.operations);
    const { end, faults } = await tellOfDeadLetters(planned, style);
    expect(end, `seed ${seed}: ${faults.struck}, delivered ${style}`).toEqual(right);
  }
});

it('a job that the broker gives up every time is dead-lettered where people look', async () => {
  const world = new RefreshWorld({ watches: [WATCH], style: 'in order', limit: 1000 });
  world.push('1', image('app 1'));
  const crew = new Crew(world, new Faults());
  await crew.attempt((app) => app.poll());
  for (let time = 0; time < 24; time += 1) {
    world.queues.imports.giveUp(world.time);
    await crew.attempt((app) => app.sweepDeadLetters());
    world.time += 60 * MINUTE_MS;
  }
  expect(Object.values(world.tables.table<JobRecord>('jobs').contents())).toMatchObject([
    { state: 'failed', errorCode: 'E_UNDELIVERED', failures: 24 },
  ]);
  expect(world.queues.deadLetters).toMatchObject([{ code: 'E_UNDELIVERED' }]);
  expect(world.queues.imports.isEmpty).toBe(true);
});

/** Three tags are queued, then the queue is purged, and workers come back an hour later. */
async function tellOfPurge(planned: readonly Fault[], style: DeliveryStyle) {
  const world = new RefreshWorld({ watches: [WATCH], style, limit: 1000 });
  for (const tag of TAGS) world.push(tag, image(`app ${tag}`));
  await new Crew(world, new Faults()).attempt((app) => app.poll());
  world.queues.imports.purge();
  world.time += 60 * MINUTE_MS;
  const faults = new Faults(planned);
  const crew = new Crew(world, faults);
  for (let tick = 0; tick < 5; tick += 1) await crew.attempt((app) => app.resendMissing());
  const isQuiet = await refreshUntilQuiet(world, new Faults());
  return { faults, end: { isQuiet, ...endOf(world) } };
}

it('a purged queue loses no job, whatever single call of the repair goes wrong', TIMEOUT, async () => {
  const { end: right, faults: calm } = await tellOfPurge([], 'in order');
  expect(right).toMatchObject({ isQuiet: true, puts: { 1: 1, 2: 1, 3: 1 }, deadLetters: [] });
  for (let nth = 1; nth <= calm.operations; nth += 1) {
    for (const [at, way] of WAYS_TO_FAIL.entries()) {
      const style = DELIVERY_STYLES[(nth + at) % DELIVERY_STYLES.length] ?? 'in order';
      const { end, faults } = await tellOfPurge([{ nth, ...way }], style);
      expect(end, `${faults.struck}, delivered ${style}`).toEqual(right);
    }
  }
});

it('jobs that wait in the queue, are scheduled or are dead-lettered are not missing', async () => {
  const world = new RefreshWorld({ watches: [WATCH], style: 'in order', limit: 1000 });
  for (const tag of TAGS) world.push(tag, image(`app ${tag}`));
  const crew = new Crew(world, new Faults());
  await crew.attempt((app) => app.poll());
  const nothing = { overdue: 0, resent: 0, isComplete: true };
  expect((await crew.attempt((app) => app.resendMissing()))?.result[0]).toMatchObject(nothing);
  world.time += 60 * MINUTE_MS;
  expect((await crew.attempt((app) => app.resendMissing()))?.result[0]).toMatchObject({
    overdue: 3,
    resent: 0,
  });
  world.queues.imports.giveUp(world.time);
  expect((await crew.attempt((app) => app.resendMissing()))?.result[0]).toMatchObject({
    overdue: 3,
    resent: 0,
  });
});

it('what is no job is set aside with the reason, and polls are dropped because the watch is still due', async () => {
  const world = new RefreshWorld({ watches: [WATCH], style: 'in order', limit: 1000 });
  world.queues.imports.send('no job {' as never);
  world.queues.polls.send({ id: 'a', watches: ['app'] } as never);
  world.queues.transfers.send({ run: 'goneLongAgo', generation: '1' });
  for (const queue of [world.queues.imports, world.queues.polls, world.queues.transfers])
    queue.giveUp(world.time);
  const swept = await new Crew(world, new Faults()).attempt((app) => app.sweepDeadLetters());
  expect(swept?.result).toEqual([
    { queue: 'imports', swept: 1, kept: 0 },
    { queue: 'polls', swept: 1, kept: 0 },
    { queue: 'transfers', swept: 1, kept: 0 },
  ]);
  expect(world.queues.deadLetters).toMatchObject([{ body: 'no job {', code: 'E_JOB' }]);
});

it('a message whose record cannot be written stays with the broker, and the report says so', async () => {
  const world = new RefreshWorld({ watches: [WATCH], style: 'in order', limit: 1000 });
  world.push('1', image('app 1'));
  await new Crew(world, new Faults()).attempt((app) => app.poll());
  world.queues.imports.giveUp(world.time);
  // The first three read the dead letters of each queue.
  const allWrites = Array.from({ length: 20 }, (_, at) => ({ nth: at + 4 }));
  const faults = new Faults(allWrites.map((nth) => ({ ...nth, when: 'before', how: 'fails' })));
  const swept = await new Crew(world, faults).attempt((app) => app.sweepDeadLetters());
  expect(swept?.result[0]).toMatchObject({ swept: 0, kept: 1, error: { code: 'E_NETWORK' } });
  expect(world.queues.imports.deadLetters).toHaveLength(1);
});
