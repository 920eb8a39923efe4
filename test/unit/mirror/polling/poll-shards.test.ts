import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRepositoryName } from '../../../../shared/content/index.ts';
import { dispatchPolls, pollShard } from '../../../../shared/mirror/index.ts';
import type { PollShard } from '../../../../shared/mirror/polling/index.ts';
import { createWatch, digest } from '../fixtures.ts';
import { createWorld, type World } from '../world.ts';

function watches(count: number) {
  return Array.from({ length: count }, (_, at) =>
    createWatch({ name: `watch ${at}`, include: ['22'], targets: [`acme.azurecr.io/copy/${at}`] }),
  );
}

/** Upstream has one tag. The queue drops a message whose id it has seen, as duplicate detection does. */
function createFleet(count: number) {
  const world = createWorld({ '22': digest('one') });
  const all = watches(count);
  const shards = new Map<string, PollShard>();
  const pollQueue = {
    async send(sent: readonly PollShard[]) {
      for (const shard of sent) if (!shards.has(shard.id)) shards.set(shard.id, shard);
    },
  };
  return { ...world, all, shards, ports: { ...world.ports, pollQueue } };
}

const polledAt = ({ clock }: World, time: string) => {
  clock.now = new Date(time);
};

describe('polls of many watches', () => {
  it('are done at once while one invocation is enough', async () => {
    const { all, ports, shards } = createFleet(50);
    const report = await dispatchPolls(all, ports);
    expect(report.watches).toHaveLength(50);
    expect(shards.size).toBe(0);
  });

  it('are handed over in even shares, which cover every watch once', async () => {
    const { all, ports, shards, requests } = createFleet(120);
    const report = await dispatchPolls(all, ports);
    expect(report).toMatchObject({ watches: [], notDue: [], handedOver: { length: 120 } });
    expect([...shards.values()].map((shard) => shard.watches.length)).toEqual([40, 40, 40]);
    expect(new Set([...shards.values()].flatMap((shard) => shard.watches)).size).toBe(120);
    expect(requests.heads).toEqual([]);
  });

  it('keep watches of one source together, which then share what upstream answers', async () => {
    const { all, ports, shards } = createFleet(60);
    const sources = ['docker.io/library/node', 'docker.io/library/python'].map(parseRepositoryName);
    const mixed = all.flatMap((watch, at) => {
      const source = sources[at % 2];
      return source ? [{ ...watch, source }] : [];
    });
    await dispatchPolls(mixed, ports);
    const sourceOf = new Map(mixed.map(({ name, source }) => [name, source.repository]));
    const perShard = [...shards.values()].map(
      (shard) => new Set(shard.watches.map((name) => sourceOf.get(name))),
    );
    expect(perShard).toEqual([new Set(['library/node']), new Set(['library/python'])]);
  });

  it('put no second message for what still waits, and new ones for the next time', async () => {
    const fleet = createFleet(60);
    const { all, ports, shards } = fleet;
    await dispatchPolls(all, ports);
    await dispatchPolls(all, ports);
    expect(shards.size).toBe(2);
    for (const shard of [...shards.values()]) await pollShard(shard, all, ports);
    expect((await dispatchPolls(all, ports)).handedOver).toBeUndefined();
    polledAt(fleet, '2026-03-01T12:15:00.000Z');
    await dispatchPolls(all, ports);
    expect(shards.size).toBe(4);
  });

  it('poll each watch once, however often and in whatever order messages arrive', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { all, ports, shards, hooks, queued } = createFleet(55);
        await dispatchPolls(all, ports);
        hooks.reach = scheduler.scheduleFunction(async () => {});
        const deliveries = [...shards.values(), ...shards.values()].map((shard) =>
          pollShard(shard, all, ports),
        );
        const reports = await scheduler.waitFor(Promise.all(deliveries));
        expect(reports.flatMap(({ watches: polled }) => polled)).toHaveLength(55);
        expect(new Set(queued.map(({ target }) => target)).size).toBe(55);
      }),
      { numRuns: 3 },
    );
  });

  it('pass over a watch that is not configured any more', async () => {
    const { all, ports } = createFleet(2);
    const report = await pollShard({ id: 'a', watches: ['watch 1', 'gone'] }, all, ports);
    expect(report.watches).toMatchObject([{ watch: 'watch 1' }]);
  });

  it.each([undefined, {}, { id: 'a', watches: [] }, { id: 'a', watches: ['x'], more: 1 }, 'text'])(
    'refuse a message that names no watches: %j',
    async (body) => {
      const { all, ports } = createFleet(1);
      await expect(pollShard(body, all, ports)).rejects.toMatchObject({ code: 'E_JOB' });
    },
  );

  it('rest while a watch is paused, also when forced', async () => {
    const { ports, requests } = createFleet(0);
    const paused = { ...createWatch({ include: ['22'] }), paused: true };
    expect(await dispatchPolls([paused], ports)).toEqual({ watches: [], notDue: ['node'] });
    expect(await dispatchPolls([paused], ports, { force: true })).toEqual({ watches: [], notDue: ['node'] });
    expect(requests.heads).toEqual([]);
  });
});
