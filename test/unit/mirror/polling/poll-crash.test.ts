import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImportJob } from '../../../../shared/imports/index.ts';
import { pollWatch } from '../../../../shared/mirror/index.ts';
import { createWatch, digest, TARGET } from '../fixtures.ts';
import { createWorld, type World } from '../world.ts';

const WATCH = createWatch({ include: ['2*', 'latest'], targets: [TARGET, 'dr.azurecr.io/base/node'] });
const EXPECTED_TARGETS = 4;

/** A world in which one tag is unchanged, one has moved, one is new and one is gone since the last poll. */
async function createMovedWorld(): Promise<World> {
  const world = createWorld({ '20': digest('old'), '22': digest('one'), latest: digest('one') });
  await pollWatch(WATCH, world.ports);
  world.queued.length = 0;
  world.upstream.set('22', digest('two'));
  world.upstream.set('24', digest('three'));
  world.upstream.delete('20');
  return world;
}

/** Counts the moments reached; from the given one on every call fails, as if the process had died there. */
function dieAt(world: World, moment: number) {
  const count = { reached: 0 };
  world.hooks.reach = () => {
    count.reached += 1;
    if (count.reached > moment) throw new Error('the process died');
  };
  return count;
}

function failOnceAt(world: World, moment: number): void {
  let reached = 0;
  world.hooks.reach = () => {
    reached += 1;
    if (reached === moment + 1) throw new Error('a hiccup');
  };
}

async function countMoments(): Promise<number> {
  const world = await createMovedWorld();
  const count = dieAt(world, Number.POSITIVE_INFINITY);
  await pollWatch(WATCH, world.ports);
  return count.reached;
}

function idsByTarget(jobs: readonly ImportJob[]): Map<string, Set<string>> {
  const ids = new Map<string, Set<string>>();
  for (const { target, id } of jobs) ids.set(target, (ids.get(target) ?? new Set()).add(id));
  return ids;
}

/** Every change queued at least once, always under one id; nothing else queued; nothing left to do. */
async function expectConverged(world: World): Promise<void> {
  world.hooks.reach = () => {};
  expect((await pollWatch(WATCH, world.ports)).errors).toEqual([]);
  const ids = idsByTarget(world.queued);
  expect([...ids.keys()].map((target) => target.split(':')[1]).sort()).toEqual(['22', '22', '24', '24']);
  expect(ids.size).toBe(EXPECTED_TARGETS);
  for (const distinct of ids.values()) expect(distinct.size).toBe(1);
  const last = await pollWatch(WATCH, world.ports);
  expect(last).toMatchObject({ queued: [], unchanged: 6, gone: ['20'], errors: [] });
  for (const observation of Object.values(world.observations.contents())) {
    expect(observation.queued).toBe(true);
    expect(observation.upstreamGoneAt !== undefined).toBe(observation.target.endsWith(':20'));
  }
}

describe('a poll that is cut short', () => {
  it('is completed by the next one under the same job ids, wherever the process died', async () => {
    const moments = await countMoments();
    expect(moments).toBeGreaterThan(40);
    for (let moment = 0; moment < moments; moment += 1) {
      const world = await createMovedWorld();
      dieAt(world, moment);
      await pollWatch(WATCH, world.ports);
      world.clock.now = new Date(world.clock.now.getTime() + 60_000);
      await expectConverged(world);
    }
  });

  it('is completed by the next one under the same job ids, whichever single call failed', async () => {
    const moments = await countMoments();
    for (let moment = 0; moment < moments; moment += 1) {
      const world = await createMovedWorld();
      failOnceAt(world, moment);
      const report = await pollWatch(WATCH, world.ports);
      expect(report.errors).not.toEqual([]);
      world.clock.now = new Date(world.clock.now.getTime() + 60_000);
      await expectConverged(world);
    }
  });
});

describe('two pollers at the same time', () => {
  it('send one job id per change, in whatever order their steps interleave', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: -5, max: 5 }), async (scheduler, skewMs) => {
        const world = await createMovedWorld();
        world.hooks.reach = scheduler.scheduleFunction(async () => {});
        const later = new Date(world.clock.now.getTime() + skewMs);
        const polls = Promise.all([
          pollWatch(WATCH, world.ports),
          pollWatch(WATCH, { ...world.ports, now: () => later }),
        ]);
        for (const { errors } of await scheduler.waitFor(polls)) expect(errors).toEqual([]);
        await expectConverged(world);
      }),
      { numRuns: 30 },
    );
  });

  it('adopt what the faster one recorded when a write is lost to it', async () => {
    const world = await createMovedWorld();
    const faster = { ...world.ports, now: () => new Date('2026-03-01T12:00:07.000Z') };
    const lost: string[] = [];
    world.hooks.reach = async (moment) => {
      if (lost.length > 0 || !moment.endsWith('write')) return;
      lost.push(
        moment
          .split(/[ /]/)
          .slice(1, -1)
          .join('/')
          .replace(/\/([^/]+)$/, ':$1'),
      );
      await pollWatch(WATCH, faster);
    };
    const slower = await pollWatch(WATCH, world.ports);
    expect(lost).toEqual([`${TARGET}:22`]);
    expect(world.observations.conflicts()).toBeGreaterThan(0);
    expect(world.observations.contents()[`${TARGET}/22`]?.observedAt).toBe('2026-03-01T12:00:07.000Z');
    expect(slower.errors).toEqual([]);
    expect(slower.queued.map(({ target }) => target)).not.toContain(`${TARGET}:22`);
    await expectConverged(world);
  });

  it('agree on one digest when upstream moves between their looks, and the next poll sees to the rest', async () => {
    const world = await createMovedWorld();
    let interrupted = false;
    world.hooks.reach = async (moment) => {
      if (interrupted || !moment.endsWith('write')) return;
      interrupted = true;
      world.upstream.set('22', digest('newest'));
      await pollWatch(WATCH, world.ports);
    };
    await pollWatch(WATCH, world.ports);
    world.hooks.reach = () => {};
    await pollWatch(WATCH, world.ports);
    const standing = world.observations.contents()[`${TARGET}/22`];
    expect(standing).toMatchObject({ digest: digest('newest'), queued: true });
    const newest = world.queued.filter((job) => job.target === `${TARGET}:22`).at(-1);
    expect(newest).toMatchObject({ digest: digest('newest'), observedAt: standing?.observedAt });
  });
});
