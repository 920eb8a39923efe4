import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../../shared/content/index.ts';
import { RegistryError, TransportError } from '../../../../shared/errors.ts';
import { pollWatch } from '../../../../shared/mirror/index.ts';
import { pollDueWatches } from '../../../../shared/mirror/polling/index.ts';
import type { DigestPage, TagDigest } from '../../../../shared/registry/index.ts';
import { createWatch, digest, TARGET } from '../fixtures.ts';
import { createWorld, type World } from '../world.ts';

const DR = 'dr.azurecr.io/base/node';
const ALL = createWatch({ include: ['*'] });

interface ListingOptions {
  readonly size?: number;
  /** Whether tags are listed by when they were moved. */
  readonly byTime?: boolean;
}

/** Gives upstream a listing of what it has, newest first; `moved` says when, in minutes after noon. Others were moved long ago, ten minutes apart. */
function listDigests(world: World, { size = 100, byTime = true }: ListingOptions = {}) {
  const moved = new Map<string, number>();
  world.hooks.digests = (number) => {
    const rows = [...world.upstream]
      .filter((entry): entry is [string, Digest] => entry[1] !== undefined)
      .map(([tag, one], at): TagDigest => {
        return { tag, digest: one, updatedAt: minute(moved.get(tag) ?? -1000 - 10 * at) };
      })
      .sort((a, b) => Number(b.updatedAt) - Number(a.updatedAt));
    const tags = rows.slice((number - 1) * size, number * size);
    const isLast = number * size >= rows.length;
    return { tags, isLast, restMovedUntil: byTime ? tags.at(-1)?.updatedAt : undefined };
  };
  return moved;
}

function minute(count: number): Date {
  return new Date(Date.parse('2026-03-01T12:00:00.000Z') + count * 60_000);
}

function manyTags(count: number): Record<string, Digest> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, digest(`t${at}`)]));
}

describe('upstream with a digest listing', () => {
  it('is asked for its pages alone when nothing has changed', async () => {
    const world = createWorld(manyTags(250));
    listDigests(world, { byTime: false });
    expect((await pollWatch(ALL, world.ports)).requests).toEqual({ listings: 3, heads: 250, target: 0 });
    world.wait(1);
    expect(await pollWatch(ALL, world.ports)).toMatchObject({
      requests: { listings: 3, heads: 0, target: 0 },
      unchanged: 250,
      queued: [],
      errors: [],
    });
    expect(world.requests.listings).toBe(0);
  });

  it('is asked for one page when nothing moved since and it lists by time', async () => {
    const world = createWorld(manyTags(250));
    listDigests(world);
    await pollWatch(ALL, world.ports);
    world.wait(1);
    expect(await pollWatch(ALL, world.ports)).toMatchObject({
      requests: { listings: 1, heads: 0 },
      unchanged: 250,
      gone: [],
    });
  });

  it('has what moved confirmed by HEAD, and only that imported', async () => {
    const world = createWorld(manyTags(250));
    const moved = listDigests(world);
    await pollWatch(ALL, world.ports);
    world.wait(1);
    world.upstream.set('t7', digest('newer'));
    moved.set('t7', 50);
    world.upstream.set('new', digest('new'));
    moved.set('new', 55);
    world.requests.heads.length = 0;
    const report = await pollWatch(ALL, world.ports);
    expect(report).toMatchObject({ requests: { listings: 1, heads: 2 }, unchanged: 249, errors: [] });
    expect(world.requests.heads.sort()).toEqual(['new', 't7']);
    expect(report.queued.map(({ target, reason }) => [target, reason])).toEqual([
      [`${TARGET}:new`, 'new tag'],
      [`${TARGET}:t7`, `tag moved from ${digest('t7')} to ${digest('newer')}`],
    ]);
  });

  it('has a tag that moved imported once, however many pollers look at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const world = createWorld(manyTags(5));
        const moved = listDigests(world, { size: 2 });
        await pollWatch(ALL, world.ports);
        world.queued.length = 0;
        world.wait(1);
        world.upstream.set('t3', digest('newer'));
        moved.set('t3', 30);
        world.hooks.reach = scheduler.scheduleFunction(async () => {});
        const polls = Promise.all([1, 2, 3].map(() => pollWatch(ALL, world.ports)));
        for (const { errors } of await scheduler.waitFor(polls)) expect(errors).toEqual([]);
        expect(new Set(world.queued.map(({ id }) => id)).size).toBe(1);
        expect(world.queued[0]).toMatchObject({ target: `${TARGET}:t3`, digest: digest('newer') });
      }),
      { numRuns: 15 },
    );
  });

  it('is listed in full once a day, and so a tag that was deleted is noticed', async () => {
    const world = createWorld(manyTags(250));
    listDigests(world);
    await pollWatch(ALL, world.ports);
    world.upstream.delete('t249');
    world.wait(23);
    expect(await pollWatch(ALL, world.ports)).toMatchObject({ requests: { listings: 1 }, gone: [] });
    world.wait(1);
    expect(await pollWatch(ALL, world.ports)).toMatchObject({
      requests: { listings: 3, heads: 1 },
      gone: ['t249'],
      health: {
        state: 'tags-gone',
        reason: 'Upstream has no t249: deleted, or never there. Copies are kept.',
      },
    });
    world.wait(1);
    expect(await pollWatch(ALL, world.ports)).toMatchObject({
      requests: { listings: 1, heads: 0 },
      gone: ['t249'],
      unchanged: 249,
    });
  });

  it('finds whatever moved at any time, however pages are cut and polls are spaced', async () => {
    const step = fc.record({
      hours: fc.integer({ min: 0, max: 20 }),
      tags: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (steps, size, byTime) => {
          const world = createWorld(manyTags(20));
          const moved = listDigests(world, { size, byTime });
          await pollWatch(ALL, world.ports);
          for (const [at, { hours, tags }] of steps.entries()) {
            world.wait(hours);
            for (const tag of tags) {
              world.upstream.set(`t${tag}`, digest(`${tag} in step ${at}`));
              moved.set(`t${tag}`, (world.clock.now.getTime() - minute(0).getTime()) / 60_000);
            }
            expect((await pollWatch(ALL, world.ports)).errors).toEqual([]);
            for (const [tag, there] of world.upstream) {
              expect(world.observations.contents()[`${TARGET}/${tag}`]?.digest).toBe(there);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([
    ['the rules change', (world: World) => pollWatch(createWatch({ include: ['*', 'x*'] }), world.ports)],
    [
      'a target is added',
      (world: World) => pollWatch(createWatch({ include: ['*'], targets: [TARGET, DR] }), world.ports),
    ],
    [
      'an observation got lost',
      async (world: World) => {
        await world.observations.remove({ partition: TARGET, row: 't9' });
        return await pollWatch(ALL, world.ports);
      },
    ],
    [
      'the poll before had errors',
      async (world: World) => {
        world.hooks.resolve = () => {
          throw new TransportError('E_TIMEOUT', 'silent');
        };
        world.upstream.set('t1', digest('newer'));
        await pollWatch(ALL, world.ports);
        world.hooks.resolve = () => {};
        return await pollWatch(ALL, world.ports);
      },
    ],
  ])('is listed in full when %s', async (_, poll) => {
    const world = createWorld(manyTags(250));
    listDigests(world);
    await pollWatch(ALL, world.ports);
    expect(await poll(world)).toMatchObject({ requests: { listings: 3 }, errors: [] });
    const copied = Object.keys(world.observations.contents()).filter((name) => name.startsWith(TARGET));
    expect(copied).toHaveLength(250);
  });

  it('is read until the tags named exactly were seen, or HEADs cost less', async () => {
    const world = createWorld(manyTags(1000));
    listDigests(world, { byTime: false });
    const near = createWatch({ include: ['t5', 't42', 't99'] });
    await pollWatch(near, world.ports);
    expect((await pollWatch(near, world.ports)).requests).toMatchObject({ listings: 1, heads: 0 });

    const far = createWatch({ include: ['t5', 't990', 't991'] });
    await pollWatch(far, world.ports);
    expect((await pollWatch(far, world.ports)).requests).toMatchObject({ listings: 2, heads: 2 });

    const one = createWatch({ include: ['t5'] });
    expect((await pollWatch(one, world.ports)).requests).toMatchObject({ listings: 0, heads: 1 });
  });

  it('is left alone for a day when its pages are more than the watch has tags', async () => {
    const world = createWorld({ ...manyTags(1000), mine: digest('mine') });
    listDigests(world, { byTime: false });
    const watch = createWatch({ include: ['mi*'] });
    await pollWatch(watch, world.ports);
    expect((await pollWatch(watch, world.ports)).requests).toMatchObject({ listings: 2, heads: 1 });
    expect((await pollWatch(watch, world.ports)).requests).toMatchObject({ listings: 1, heads: 1 });
    expect(world.watches.contents()['watches/node']?.memory?.avoidListingReason).toMatch(/more pages/);
  });
});

describe('a digest listing that cannot be relied on', () => {
  it.each(['E_NOT_FOUND', 'E_DENIED', 'E_PROTOCOL'] as const)(
    'is not asked for again for a day after %s; names and HEADs tell then',
    async (code) => {
      const world = createWorld(manyTags(3));
      world.hooks.digests = () => {
        throw new RegistryError(code, 'not for you');
      };
      const first = await pollWatch(ALL, world.ports);
      expect(first).toMatchObject({ requests: { listings: 2, heads: 3 }, queued: { length: 3 }, errors: [] });
      expect(await pollWatch(ALL, world.ports)).toMatchObject({ requests: { listings: 1, heads: 3 } });
      world.wait(24);
      expect(await pollWatch(ALL, world.ports)).toMatchObject({ requests: { listings: 2, heads: 3 } });
    },
  );

  it('is tried again an hour after it could not be reached', async () => {
    const world = createWorld(manyTags(3));
    listDigests(world);
    const works = world.hooks.digests;
    world.hooks.digests = () => {
      throw new TransportError('E_TIMEOUT', 'silent');
    };
    expect(await pollWatch(ALL, world.ports)).toMatchObject({ requests: { listings: 2 }, errors: [] });
    if (works) world.hooks.digests = works;
    expect(await pollWatch(ALL, world.ports)).toMatchObject({ requests: { listings: 1, heads: 3 } });
    world.wait(1);
    expect(await pollWatch(ALL, world.ports)).toMatchObject({ requests: { listings: 1, heads: 0 } });
  });

  it('stops the watch when its rate limit is reached, and nothing is asked before that is over', async () => {
    const world = createWorld(manyTags(3));
    world.hooks.digests = () => {
      throw new RegistryError('E_RATE_LIMITED', 'slow down', { retryAfterMs: 3_600_000 });
    };
    expect(await pollWatch(ALL, world.ports)).toMatchObject({
      requests: { listings: 1, heads: 0 },
      errors: [{ code: 'E_RATE_LIMITED', message: 'slow down' }],
      health: { state: 'rate-limited', until: '2026-03-01T13:00:00.000Z' },
    });
    listDigests(world);
    expect(await pollWatch(ALL, world.ports)).toMatchObject({
      requests: { listings: 0, heads: 0 },
      errors: [{ code: 'E_RATE_LIMITED' }],
      health: { state: 'rate-limited' },
    });
    world.wait(1);
    expect(await pollWatch(ALL, world.ports)).toMatchObject({
      queued: { length: 3 },
      errors: [],
      health: { state: 'healthy', reason: '', since: '2026-03-01T13:00:00.000Z' },
    });
  });

  it('is contradicted by the registry, which is believed: whatever it says, what HEAD says is imported', async () => {
    const world = createWorld(manyTags(3));
    listDigests(world);
    await pollWatch(ALL, world.ports);
    const lying = world.hooks.digests;
    world.hooks.digests = (number): DigestPage => {
      const page = lying?.(number) ?? { tags: [], isLast: true };
      return {
        ...page,
        tags: [
          { tag: 't0', digest: digest('a lie') },
          { tag: 'made-up', digest: digest('x') },
        ],
      };
    };
    world.wait(24);
    const report = await pollWatch(ALL, world.ports);
    expect(report).toMatchObject({
      queued: [],
      gone: ['made-up'],
      unchanged: 3,
      health: { state: 'disagreement' },
    });
    expect(report.disagreements).toEqual(
      expect.arrayContaining([
        { tag: 't0', listed: digest('a lie'), head: digest('t0') },
        { tag: 'made-up', listed: digest('x') },
        { tag: 't1', head: digest('t1') },
        { tag: 't2', head: digest('t2') },
      ]),
    );
    expect(Object.keys(world.observations.contents())).toHaveLength(3);
  });

  it('leaves tags without digests to HEADs', async () => {
    const world = createWorld(manyTags(3));
    world.hooks.digests = () => ({ tags: ['t0', 't1', 't2'].map((tag) => ({ tag })), isLast: true });
    await pollWatch(ALL, world.ports);
    expect(await pollWatch(ALL, world.ports)).toMatchObject({
      requests: { listings: 1, heads: 3 },
      unchanged: 3,
      disagreements: [],
    });
  });
});

describe('watches of one source', () => {
  it('share what one poll run was told', async () => {
    const world = createWorld(manyTags(250));
    listDigests(world, { byTime: false });
    const watches = [
      createWatch({ name: 'all', include: ['*'] }),
      createWatch({ name: 'some', include: ['t1*'], targets: [DR] }),
      createWatch({ name: 'one', include: ['t1'], targets: ['eu.azurecr.io/base/node'] }),
    ];
    const { watches: reports } = await pollDueWatches(watches, world.ports);
    expect(world.requests.digestPages).toBe(3);
    expect(world.requests.heads).toHaveLength(250);
    const sum = (kind: 'listings' | 'heads') =>
      reports.reduce((total, { requests }) => total + requests[kind], 0);
    expect([sum('listings'), sum('heads')]).toEqual([3, 250]);
    expect(reports.map(({ queued }) => queued.length)).toEqual([250, 111, 1]);
  });

  it('share the list of tags where there are no digests', async () => {
    const world = createWorld(manyTags(20));
    const watches = [
      createWatch({ name: 'all', include: ['*'] }),
      createWatch({ name: 'some', include: ['t1*'], targets: [DR] }),
    ];
    const { watches: reports } = await pollDueWatches(watches, world.ports);
    expect(world.requests).toMatchObject({ listings: 1, heads: { length: 20 } });
    expect(reports.map(({ requests }) => requests.listings)).toEqual([1, 0]);
    expect(reports.map(({ queued }) => queued.length)).toEqual([20, 11]);
  });
});
