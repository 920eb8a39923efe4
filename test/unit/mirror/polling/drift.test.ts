import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../../shared/content/index.ts';
import { RegistryError, TransportError } from '../../../../shared/errors.ts';
import { observationKey, pollWatch } from '../../../../shared/mirror/index.ts';
import { pollDueWatches } from '../../../../shared/mirror/polling/index.ts';
import { createWatch, digest, TARGET } from '../fixtures.ts';
import { createWorld, type World } from '../world.ts';

const WATCH = createWatch();
const TAGS = { '22': digest('one'), '24': digest('two') };

/** A world whose two tags were copied. */
async function createCopied(as?: (digest: Digest) => Digest): Promise<World> {
  const world = createWorld(TAGS);
  await pollWatch(WATCH, world.ports);
  await world.runJobs(as && ((job) => as(job.digest)));
  return world;
}

describe('a target that somebody else changed', () => {
  it('is looked at every six hours, and costs nothing in between', async () => {
    const world = await createCopied();
    expect((await pollWatch(WATCH, world.ports)).requests).toEqual({ listings: 0, heads: 2, target: 0 });
    world.wait(6);
    expect(await pollWatch(WATCH, world.ports)).toMatchObject({
      requests: { listings: 0, heads: 2, target: 2 },
      queued: [],
      unchanged: 2,
    });
    expect((await pollWatch(WATCH, world.ports)).requests.target).toBe(0);
  });

  it('is looked at as often as the watch says, or when asked to', async () => {
    const world = await createCopied();
    world.wait(1);
    const often = { ...WATCH, verifyTargetsEveryMs: 3_600_000 };
    expect((await pollWatch(often, world.ports)).requests.target).toBe(2);
    expect((await pollWatch(WATCH, world.ports, { verifyTargets: true })).requests.target).toBe(2);
    world.wait(24);
    expect((await pollWatch(WATCH, world.ports, { verifyTargets: false })).requests.target).toBe(0);
  });

  it('is looked at by a poll that somebody forces', async () => {
    const world = await createCopied();
    world.targets.delete(`${TARGET}:24`);
    const { watches } = await pollDueWatches([WATCH], world.ports, { force: true });
    expect(watches).toMatchObject([
      { requests: { target: 2 }, queued: [{ reason: 'target tag was deleted' }] },
    ]);
    await world.runJobs();
    world.wait(1);
    expect((await pollDueWatches([WATCH], world.ports)).watches).toMatchObject([{ requests: { target: 0 } }]);
  });

  it('gets back what was changed and what was deleted, by one new job each', async () => {
    const world = await createCopied();
    world.targets.set(`${TARGET}:22`, digest('something else'));
    world.targets.delete(`${TARGET}:24`);
    world.wait(6);
    const { queued, unchanged } = await pollWatch(WATCH, world.ports);
    expect(unchanged).toBe(0);
    expect(queued).toMatchObject([
      {
        target: `${TARGET}:22`,
        digest: digest('one'),
        observedAt: '2026-03-01T18:00:00.000Z',
        reason: `target was changed to ${digest('something else')}`,
      },
      { target: `${TARGET}:24`, digest: digest('two'), reason: 'target tag was deleted' },
    ]);
    world.wait(6);
    // Nothing more while the jobs wait, however long.
    expect(await pollWatch(WATCH, world.ports)).toMatchObject({ queued: [], unchanged: 2 });
    await world.runJobs();
    world.wait(6);
    expect(await pollWatch(WATCH, world.ports)).toMatchObject({ queued: [], requests: { target: 2 } });
    expect(world.targets.get(`${TARGET}:22`)).toBe(digest('one'));
  });

  it('is right with an index of its own for the platforms copied, for ever', async () => {
    const world = await createCopied((one) => digest(`${one} trimmed`));
    for (let round = 0; round < 3; round += 1) {
      world.wait(6);
      expect(await pollWatch(WATCH, world.ports)).toMatchObject({ queued: [], requests: { target: 2 } });
    }
  });

  it('keeps what something else than the watch put there, and what is being moved right now', async () => {
    const world = await createCopied();
    const later = {
      target: `${TARGET}:22`,
      digest: digest('archive'),
      observedAt: '2026-03-01T15:00:00.000Z',
    };
    await world.tagRecords.update({ partition: TARGET, row: '22' }, () => later);
    await world.tagRecords.update(
      { partition: TARGET, row: '24' },
      (current) => current && { ...current, leaseOwner: 'worker', leaseUntil: '2026-03-01T18:00:30.000Z' },
    );
    world.targets.set(`${TARGET}:22`, digest('archive'));
    world.targets.set(`${TARGET}:24`, digest('on its way'));
    world.wait(6);
    expect(await pollWatch(WATCH, world.ports)).toMatchObject({ queued: [], requests: { target: 0 } });
  });

  describe('where a person placed other content', () => {
    const KEY = { partition: TARGET, row: '22' };
    const placed = {
      target: `${TARGET}:22`,
      digest: digest('chosen'),
      digestObservedAt: '2026-03-01T15:00:00.000Z',
      observedAt: '2026-03-01T15:00:00.000Z',
      placedBy: 'command' as const,
      placedAt: '2026-03-01T15:00:01.000Z',
      reference: 'ana@laptop',
    };
    const override = {
      target: `${TARGET}:22`,
      digest: digest('chosen'),
      by: 'command',
      reference: 'ana@laptop',
      at: '2026-03-01T15:00:01.000Z',
      observedAt: '2026-03-01T15:00:00.000Z',
    };
    const overridesOf = async (world: World) =>
      (await world.watches.get({ partition: 'watches', row: WATCH.name }))?.memory?.overrides;

    async function createOverridden(record: object = placed): Promise<World> {
      const world = await createCopied();
      await world.tagRecords.update(KEY, (current) => current && { ...current, ...record });
      world.targets.set(`${TARGET}:22`, digest('chosen'));
      world.wait(6);
      return world;
    }

    it('keeps it, and says in the record of the watch who placed what, and when', async () => {
      const world = await createOverridden();
      expect(await pollWatch(WATCH, world.ports)).toMatchObject({ queued: [], unchanged: 2 });
      expect(await overridesOf(world)).toEqual([override]);
      world.wait(1);
      await pollWatch(WATCH, world.ports);
      expect(await overridesOf(world)).toEqual([override]);
    });

    it('says so also where the command died after the push', async () => {
      const world = await createOverridden({
        observedAt: '2026-03-01T15:00:00.000Z',
        begunBy: 'command',
        leaseOwner: 'dead',
        leaseUntil: '2026-03-01T15:01:00.000Z',
      });
      expect(await pollWatch(WATCH, world.ports)).toMatchObject({ queued: [] });
      const { reference: _, ...unfinished } = override;
      expect(await overridesOf(world)).toEqual([{ ...unfinished, at: '2026-03-01T15:00:00.000Z' }]);
    });

    it('has nothing to say where the command died before the push', async () => {
      const world = await createOverridden({ observedAt: '2026-03-01T15:00:00.000Z', begunBy: 'command' });
      world.targets.set(`${TARGET}:22`, digest('one'));
      expect(await pollWatch(WATCH, world.ports)).toMatchObject({ queued: [] });
      expect(await overridesOf(world)).toBeUndefined();
    });

    it('replaces it when upstream moves, and says no more of it', async () => {
      const world = await createOverridden();
      await pollWatch(WATCH, world.ports);
      world.upstream.set('22', digest('newer'));
      world.wait(1);
      expect(await pollWatch(WATCH, world.ports)).toMatchObject({ queued: [{ digest: digest('newer') }] });
      expect(await overridesOf(world)).toBeUndefined();
    });

    it('imports its own again once the tag is deleted', async () => {
      const world = await createOverridden();
      world.targets.delete(`${TARGET}:22`);
      expect(await pollWatch(WATCH, world.ports)).toMatchObject({
        queued: [{ target: `${TARGET}:22`, digest: digest('one'), reason: 'target tag was deleted' }],
      });
      expect(await overridesOf(world)).toBeUndefined();
    });

    it('repairs a tag that a person gave the same content', async () => {
      const world = await createOverridden({ ...placed, digest: digest('one') });
      expect(await pollWatch(WATCH, world.ports)).toMatchObject({
        queued: [{ digest: digest('one'), reason: `target was changed to ${digest('chosen')}` }],
      });
    });
  });

  it('gets back what is missing after somebody died who held the tag', async () => {
    const world = await createCopied();
    await world.tagRecords.update(
      { partition: TARGET, row: '24' },
      (current) => current && { ...current, leaseOwner: 'dead', leaseUntil: '2026-03-01T12:01:00.000Z' },
    );
    world.targets.delete(`${TARGET}:24`);
    world.wait(6);
    expect((await pollWatch(WATCH, world.ports)).queued).toMatchObject([{ target: `${TARGET}:24` }]);
  });

  it('is left alone where an import failed: that is for the job to mend', async () => {
    const world = await createCopied();
    await world.tagRecords.update(
      { partition: TARGET, row: '22' },
      (current) => current && { ...current, digestObservedAt: '2026-02-01T00:00:00.000Z' },
    );
    world.targets.set(`${TARGET}:22`, digest('older'));
    world.wait(6);
    expect(await pollWatch(WATCH, world.ports)).toMatchObject({ queued: [], requests: { target: 1 } });
  });

  it('does not get back what upstream no longer has, and gets what upstream has now', async () => {
    const world = await createCopied();
    world.targets.clear();
    world.upstream.delete('22');
    world.upstream.set('24', digest('newer'));
    world.wait(6);
    const report = await pollWatch(WATCH, world.ports);
    expect(report.gone).toEqual(['22']);
    expect(report.queued).toMatchObject([{ digest: digest('newer') }]);
  });

  it('that cannot be asked is an error of the target, and is asked again with the next poll', async () => {
    const world = await createCopied();
    world.targets.delete(`${TARGET}:22`);
    world.hooks.reach = (moment) => {
      if (moment === `target ${TARGET}:22 start`) throw new TransportError('E_NETWORK', 'no route');
    };
    world.wait(6);
    expect(await pollWatch(WATCH, world.ports)).toMatchObject({
      queued: [],
      unchanged: 2,
      errors: [{ code: 'E_NETWORK', message: 'no route', target: `${TARGET}:22` }],
      health: { state: 'failing', reason: 'no route' },
    });
    world.hooks.reach = () => {};
    expect(await pollWatch(WATCH, world.ports)).toMatchObject({
      queued: [{ reason: 'target tag was deleted' }],
      errors: [],
    });
  });

  it('is not healed on a listing alone: upstream is asked once more', async () => {
    const world = createWorld(TAGS);
    world.hooks.digests = () => ({
      tags: Object.entries(TAGS).map(([tag, one]) => ({ tag, digest: one })),
      isLast: true,
    });
    await pollWatch(WATCH, world.ports);
    await world.runJobs();
    world.targets.delete(`${TARGET}:22`);
    world.wait(6);
    world.requests.heads.length = 0;
    expect(await pollWatch(WATCH, world.ports)).toMatchObject({
      queued: [{ target: `${TARGET}:22`, digest: digest('one') }],
      requests: { listings: 1, heads: 1, target: 2 },
    });
    expect(world.requests.heads).toEqual(['22']);
  });
});

describe('healing that is cut short', () => {
  async function createStrayed(): Promise<World> {
    const world = await createCopied();
    world.targets.set(`${TARGET}:22`, digest('something else'));
    world.targets.delete(`${TARGET}:24`);
    world.wait(6);
    return world;
  }

  it('is completed by a later poll under the same job ids, wherever the process died', async () => {
    const whole = await createStrayed();
    let moments = 0;
    whole.hooks.reach = () => {
      moments += 1;
    };
    await pollWatch(WATCH, whole.ports);
    expect(moments).toBeGreaterThan(20);
    for (let moment = 0; moment < moments; moment += 1) {
      const world = await createStrayed();
      let reached = 0;
      world.hooks.reach = () => {
        reached += 1;
        if (reached > moment) throw new Error('the process died');
      };
      await pollWatch(WATCH, world.ports);
      world.hooks.reach = () => {};
      world.wait(6);
      expect((await pollWatch(WATCH, world.ports)).errors).toEqual([]);
      world.wait(6);
      expect((await pollWatch(WATCH, world.ports)).queued).toEqual([]);
      const ids = Map.groupBy(world.queued, ({ target }) => target);
      expect([...ids.keys()].sort()).toEqual([`${TARGET}:22`, `${TARGET}:24`]);
      for (const jobs of ids.values()) expect(new Set(jobs.map(({ id }) => id)).size).toBe(1);
      await world.runJobs();
      expect(Object.fromEntries(world.targets)).toEqual({
        [`${TARGET}:22`]: digest('one'),
        [`${TARGET}:24`]: digest('two'),
      });
    }
  });

  it('by another poller is taken over, not repeated', async () => {
    const world = await createStrayed();
    let interrupted = false;
    world.hooks.reach = async (moment) => {
      if (interrupted || !moment.endsWith('write')) return;
      interrupted = true;
      await pollWatch(WATCH, world.ports);
    };
    await pollWatch(WATCH, world.ports);
    expect(new Set(world.queued.map(({ id }) => id)).size).toBe(2);
  });
});

describe('how a watch fares', () => {
  const poll = async (world: World, watch = WATCH) => (await pollWatch(watch, world.ports)).health;

  it('is said with a reason and since when, and kept until it changes', async () => {
    const world = createWorld(TAGS);
    expect(await poll(world)).toEqual({ state: 'healthy', reason: '', since: '2026-03-01T12:00:00.000Z' });
    world.hooks.resolve = () => {
      throw new RegistryError('E_DENIED', 'the robot may not read');
    };
    world.wait(1);
    const denied = { state: 'denied', reason: 'the robot may not read', since: '2026-03-01T13:00:00.000Z' };
    expect(await poll(world)).toEqual(denied);
    world.wait(1);
    expect(await poll(world)).toEqual(denied);
    expect(world.watches.contents()['watches/node']).toMatchObject({
      ...denied,
      polledAt: '2026-03-01T14:00:00.000Z',
      succeededAt: '2026-03-01T12:00:00.000Z',
    });
    world.hooks.resolve = () => {};
    expect(await poll(world)).toMatchObject({ state: 'healthy', since: '2026-03-01T14:00:00.000Z' });
  });

  it.each([
    [{}, 'source-gone'],
    [{ '22': digest('one') }, 'tags-gone'],
  ])('tells tags that are gone from a source that is: %j', async (left, state) => {
    const world = createWorld(TAGS);
    await poll(world);
    world.upstream.clear();
    for (const [tag, one] of Object.entries(left)) world.upstream.set(tag, one);
    expect(await poll(world)).toMatchObject({ state });
    expect(world.watches.contents()['watches/node']?.gone).toContainEqual({
      tag: '24',
      since: '2026-03-01T12:00:00.000Z',
    });
  });

  it('says of tags that are gone whether copies are kept, also once a deletion was approved', async () => {
    const world = createWorld(TAGS);
    const watch = createWatch({ include: ['20', '22', '24'] });
    await poll(world, watch);
    const reason = async () => (await poll(world, watch))?.reason;
    world.upstream.delete('24');
    expect(await reason()).toBe(
      'Upstream has no 20, 24: deleted, or never there. Copies are kept, but there is none of 20.',
    );
    // What an approved deletion does last.
    await world.observations.remove(observationKey(`${TARGET}:24`));
    expect(await reason()).toBe('Upstream has no 20, 24: deleted, or never there. There is no copy here.');
    world.upstream.delete('22');
    expect(await reason()).toMatch(
      /renamed or never there\. Copies are kept, but there is none of 20, 24\.$/,
    );
  });

  it('is no-tags when the rules select nothing, and source-gone when there is no such repository', async () => {
    const world = createWorld(TAGS);
    const watch = createWatch({ include: ['x*'] });
    expect(await poll(world, watch)).toMatchObject({
      state: 'no-tags',
      reason: expect.stringContaining('longshore plan'),
    });
    world.hooks.tags = () => {
      throw new RegistryError('E_NOT_FOUND', 'no such repository');
    };
    expect(await poll(world, watch)).toMatchObject({ state: 'source-gone', reason: 'no such repository' });
  });

  it('is failing, not unreachable, when one tag of several could not be asked about', async () => {
    const world = createWorld(TAGS);
    world.hooks.resolve = (tag) => {
      if (tag === '22') throw new TransportError('E_TIMEOUT', 'silent for 30 s');
    };
    expect(await poll(world)).toMatchObject({ state: 'failing', reason: 'silent for 30 s' });
    world.hooks.resolve = () => {
      throw new TransportError('E_TIMEOUT', 'silent for 30 s');
    };
    expect(await poll(world)).toMatchObject({ state: 'unreachable' });
  });

  it('waits out a rate limit without asking, at most six hours of it', async () => {
    const world = createWorld(TAGS);
    world.hooks.resolve = () => {
      throw new RegistryError('E_RATE_LIMITED', 'slow down', { retryAfterMs: 1e12 });
    };
    expect(await poll(world)).toMatchObject({ state: 'rate-limited', until: '2026-03-01T18:00:00.000Z' });
    const asked = world.requests.heads.length;
    world.wait(5);
    await poll(world);
    expect(world.requests.heads).toHaveLength(asked);
    world.hooks.resolve = () => {};
    world.wait(1);
    expect(await poll(world)).toMatchObject({ state: 'healthy' });
  });

  it('does not stop a poll when it cannot be read or kept, and is an error then', async () => {
    const world = createWorld(TAGS);
    world.hooks.reach = (moment) => {
      if (moment === 'get watches/node start' || moment === 'update watches/node start')
        throw new Error('table unavailable');
    };
    const report = await pollWatch(WATCH, world.ports);
    expect(report).toMatchObject({ queued: { length: 2 }, health: undefined });
    expect(report.errors.map(({ message }) => message)).toEqual(['table unavailable', 'table unavailable']);
  });
});
