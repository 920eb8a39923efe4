import { describe, expect, test } from 'vitest';
import {
  type BudgetPolicy,
  type Budgets,
  createBudgets,
  type Ledger,
  type Pause,
} from '../../../shared/budget/index.ts';
import { type Digest, digestOf } from '../../../shared/content/index.ts';
import { BudgetError } from '../../../shared/errors.ts';
import { runImport } from '../../../shared/imports/index.ts';
import type { Repository } from '../../../shared/registry/index.ts';
import { multiPlatform } from '../../helpers/memory-content.ts';
import { World } from '../../helpers/memory-jobs.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';
import { CountingUpstream, REGISTRY } from './counting-upstream.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** An upstream that takes no time, and as many workers as asked for. */
function setUp({ limit = 100, policy = {} }: { limit?: number; policy?: BudgetPolicy } = {}) {
  const clock = { time: Date.parse('2026-05-01T00:00:00Z') };
  const now = () => clock.time;
  const upstream = new CountingUpstream({
    limit,
    windowMs: HOUR,
    window: 'sliding',
    now,
    travel: async () => {},
  });
  const ledgers = createMemoryRecords<Ledger>();
  const pauses = createMemoryRecords<Pause>();
  const worker = () =>
    createBudgets({ ledgers, pauses, configured: () => ({ policy, account: 'anonymous' }), now });
  let added = 0;
  const add = (count: number): Digest[] =>
    Array.from({ length: count }, () => {
      added += 1;
      return upstream.addText(`manifest ${added}`);
    });
  const budgets = worker();
  /** A worker's piece of work that reserves `reserved` pulls and makes as many as it is given digests. */
  const work = async (digests: readonly Digest[], reserved = digests.length, by = budgets) => {
    const [root] = digests;
    if (!root) throw new Error('expected a digest');
    const opened = by.open(upstream.repository(), { root, platforms: [], pulls: reserved });
    for (const digest of digests) await opened.source.fetchManifest(digest);
    return opened;
  };
  const state = async () => (await Array.fromAsync(budgets.list()))[0];
  return { clock, upstream, ledgers, worker, budgets, add, work, state };
}

const budgetError = { name: 'BudgetError', code: 'E_BUDGET' };

test('an upstream that nobody knows is asked by HEAD before the first pull, and then by nobody', async () => {
  const { upstream, add, work, state } = setUp();
  await (await work(add(1))).close();
  expect([upstream.heads, upstream.pulls]).toEqual([1, 1]);
  await (await work(add(3))).close();
  expect([upstream.heads, upstream.pulls]).toEqual([1, 4]);
  expect(await state()).toMatchObject({
    registry: REGISTRY,
    account: '192.0.2.1',
    limit: 100,
    windowSeconds: 3600,
    available: 96,
    reserved: 0,
    freeAt: null,
  });
});

test('an upstream that announces nothing is limited by nothing and leaves no record', async () => {
  const { upstream, ledgers, add, work, clock } = setUp({ limit: 1000 });
  upstream.source = undefined;
  await (await work(add(50))).close();
  await (await work(add(50))).close();
  expect([upstream.heads, upstream.pulls]).toEqual([1, 100]);
  expect(ledgers.contents()).toEqual({});
  clock.time += 11 * MINUTE;
  await (await work(add(1))).close();
  expect(upstream.heads).toBe(2);
});

test('a limit that is announced in the middle of the work counts from there', async () => {
  const { upstream, add, work, worker } = setUp({ limit: 20 });
  upstream.source = undefined;
  upstream.beforePull = () => {
    if (upstream.pulls === 10) upstream.source = '192.0.2.1';
  };
  await expect(work(add(30))).rejects.toMatchObject(budgetError);
  await expect(work(add(1), 1, worker())).rejects.toMatchObject(budgetError);
  expect([upstream.pulls, upstream.refused]).toEqual([20, []]);
});

test('a limit that is announced no more is forgotten, once the upstream is asked again', async () => {
  const { upstream, clock, add, work, state } = setUp({ limit: 2 });
  await (await work(add(2))).close();
  await expect(work(add(1))).rejects.toMatchObject(budgetError);
  upstream.source = undefined;
  upstream.limit = 1000;
  clock.time += 11 * MINUTE;
  await (await work(add(5))).close();
  expect(await state()).toMatchObject({ limit: null, available: null });
});

test('what was reserved and not needed is given back', async () => {
  const { add, work, worker, state } = setUp();
  const opened = await work(add(1), 90);
  expect(await state()).toMatchObject({ available: 99, reserved: 89 });
  await expect(work(add(1), 11, worker())).rejects.toMatchObject(budgetError);
  await opened.close();
  await (await work(add(1), 11, worker())).close();
  expect(await state()).toMatchObject({ available: 98, reserved: 0 });
});

test('what a dead worker had reserved is free after ten minutes, and what it spent is spent', async () => {
  const { clock, add, work, worker, state } = setUp();
  await work(add(2), 90);
  clock.time += 9 * MINUTE;
  await expect(work(add(1), 11, worker())).rejects.toMatchObject(budgetError);
  clock.time += 2 * MINUTE;
  await (await work(add(1), 90, worker())).close();
  expect(await state()).toMatchObject({ available: 97, reserved: 0 });
});

test('who is put off is told when, why, and comes back one after another', async () => {
  const { clock, upstream, add, work, state } = setUp({ limit: 10, policy: { reserve: { percent: 20 } } });
  await (await work(add(8))).close();
  const errors = await Promise.all(
    [1, 2, 4].map((pulls) => work(add(1), pulls).catch((error: unknown) => error)),
  );
  const [first, second, third] = errors.map(
    (error) => (error as { until: Date }).until.getTime() - clock.time,
  );
  expect(first).toBe(HOUR);
  expect(second).toBe(HOUR + HOUR / 8);
  expect(third).toBe(HOUR + (3 * HOUR) / 8);
  expect(String(errors[2])).toBe(
    `BudgetError: the budget of ${REGISTRY} does not allow more pulls now: 0 of 10 in 3600 s are left, 2 are kept back`,
  );
  expect(await state()).toMatchObject({ available: 0, keptBack: 2, freeAt: '2026-05-01T01:00:00.000Z' });
  clock.time += HOUR + 1;
  await (await work(add(8))).close();
  expect(upstream.refused).toEqual([]);
});

test('when others spend, the work is put off until something was heard again', async () => {
  const { clock, upstream, add, work } = setUp({ limit: 10 });
  upstream.spendBeside(10);
  const error = await work(add(1)).catch((thrown: unknown) => thrown as { until: Date });
  expect((error as { until: Date }).until.getTime() - clock.time).toBe(HOUR / 12);
  expect(upstream.pulls).toBe(0);
});

test('an account of its own has a budget of its own', async () => {
  const { upstream, add, work, budgets, worker } = setUp({ limit: 10 });
  await (await work(add(6))).close();
  upstream.source = '198.51.100.7';
  await (await work(add(4), 4, worker())).close();
  const states = await Array.fromAsync(budgets.list());
  expect(states.map(({ account, available }) => [account, available])).toEqual([
    ['192.0.2.1', 4],
    ['198.51.100.7', 0],
  ]);
});

test('an upstream that announces nothing is counted as configured', async () => {
  const { upstream, clock, add, work, worker } = setUp({
    limit: 1000,
    policy: { limit: 10, windowMs: HOUR },
  });
  upstream.source = undefined;
  await (await work(add(6))).close();
  await expect(work(add(5), 5, worker())).rejects.toMatchObject(budgetError);
  await (await work(add(4), 4, worker())).close();
  await expect(work(add(1))).rejects.toMatchObject(budgetError);
  clock.time += HOUR + 2 * MINUTE;
  await (await work(add(10), 10, worker())).close();
  expect(upstream.pulls).toBe(20);
});

test('of a configured and an announced limit the smaller counts', async () => {
  const { upstream, add, work } = setUp({ limit: 100, policy: { limit: 3, windowMs: HOUR } });
  await (await work(add(3))).close();
  await expect(work(add(1))).rejects.toMatchObject(budgetError);
  expect(upstream.pulls).toBe(3);
});

describe('a registry that wants to be left alone', () => {
  const refused = { name: 'RegistryError', code: 'E_RATE_LIMITED' };

  test('is, by every worker, until it said', async () => {
    const { clock, upstream, add, work, worker, budgets } = setUp();
    budgets.observe({ registry: REGISTRY, api: 'registry', pauseMs: 90_000 });
    await budgets.settled();
    const other = worker();
    await expect(work(add(1), 1, other)).rejects.toMatchObject({ ...refused, retryAfterMs: 90_000 });
    await expect(other.assertOpen(REGISTRY, 'registry')).rejects.toMatchObject(refused);
    await expect(other.assertOpen(REGISTRY, 'web')).resolves.toBeUndefined();
    expect(upstream.pulls).toBe(0);
    clock.time += 90_000;
    await (await work(add(1), 1, other)).close();
  });

  test('that does not say for how long is left alone for a minute', async () => {
    const { budgets, worker } = setUp();
    budgets.observe({ registry: REGISTRY, api: 'web', pauseMs: null });
    await budgets.settled();
    await expect(worker().assertOpen(REGISTRY, 'web')).rejects.toMatchObject({ retryAfterMs: 60_000 });
    expect(await Array.fromAsync(budgets.pauses())).toMatchObject([{ registry: REGISTRY, api: 'web' }]);
  });
});

test('announcements heard by polls lower what is known, and raise nothing', async () => {
  const { budgets, add, work, state } = setUp({ limit: 100 });
  await (await work(add(10))).close();
  const hear = async (remaining: number) => {
    const pulls = { limit: 100, windowSeconds: 3600, remaining, source: '192.0.2.1' };
    budgets.observe({ registry: REGISTRY, api: 'registry', pulls });
    await budgets.settled();
    return (await state())?.available;
  };
  expect(await hear(99)).toBe(90);
  expect(await hear(40)).toBe(40);
  expect(await hear(60)).toBe(40);
});

test('an image with more platforms than a window has pulls arrives piece by piece, and nothing of it is read in vain', async () => {
  const { clock, upstream, worker } = setUp({ limit: 5 });
  const world = new World();
  const platforms = Array.from({ length: 12 }, (_, at) => `linux/arch${at}`);
  const graph = multiPlatform('app', platforms);
  const job = world.job(graph, 1);
  for (const content of [graph.root, ...graph.manifests]) upstream.add(content);
  const open = { openBlob: world.source.openBlob.bind(world.source) };
  let tries = 0;
  for (;;) {
    tries += 1;
    const budgets = worker();
    const outcome = await runImport(job, {
      ...world.worker(),
      now: () => new Date(clock.time),
      openSource: (_, work) => budgets.open({ ...upstream.repository(), ...open }, work),
    });
    if (outcome.kind !== 'rescheduled') {
      expect(outcome).toMatchObject({ kind: 'done', state: 'succeeded' });
      break;
    }
    clock.time = Math.max(clock.time, outcome.at.getTime());
    expect(tries).toBeLessThan(10);
  }
  expect(world.tag).toBe(graph.root.digest);
  expect(upstream.refused).toEqual([]);
  // The index once for each try, every image and its attestation once.
  expect(upstream.pulls).toBe(tries + 2 * platforms.length);
});

describe('an image of which it is not known how many manifests it has', () => {
  /** An index of so many images, the index itself first. */
  const index = (
    upstream: CountingUpstream,
    images: number,
    name = 'app',
  ): readonly [Digest, ...Digest[]] => {
    const graph = multiPlatform(
      name,
      Array.from({ length: images / 2 }, (_, at) => `linux/arch${at}`),
    );
    const children = graph.manifests.filter(({ digest }) => digest !== graph.root.digest);
    for (const content of [graph.root, ...children]) upstream.add(content);
    return [graph.root.digest, ...children.map(({ digest }) => digest).slice(0, images)];
  };
  type Known = Partial<Parameters<Budgets['open']>[1]>;
  const open = (budgets: Budgets, upstream: CountingUpstream, root: Digest, more: Known = {}) =>
    budgets.open(upstream.repository(), { root, platforms: [], ...more });

  test('is not begun where it does not fit: a HEAD tells about how large it is', async () => {
    const { upstream, budgets, add, work, state } = setUp({ limit: 10 });
    await (await work(add(6))).close();
    const [root] = index(upstream, 16);
    const { pulls, heads } = upstream;
    const opened = open(budgets, upstream, root);
    await expect(opened.source.fetchManifest(root)).rejects.toMatchObject({
      ...budgetError,
      pulls: expect.toSatisfy((needed: number) => needed > 5),
    });
    await opened.close();
    expect([upstream.pulls, upstream.heads]).toEqual([pulls, heads + 1]);
    expect(await state()).toMatchObject({ available: 4, reserved: 0 });
  });

  test('needs about what the same tag needed last, more exactly than its size tells', async () => {
    const { upstream, budgets } = setUp({ limit: 20 });
    const [root] = index(upstream, 16);
    upstream.spendBeside(4);
    const opened = open(budgets, upstream, root, { children: async () => 16 });
    await expect(opened.source.fetchManifest(root)).rejects.toMatchObject({ ...budgetError, pulls: 17 });
    expect(upstream.pulls).toBe(0);
    await opened.close();
    const platforms = [{ os: 'linux', architecture: 'arch0' }];
    const part = open(budgets, upstream, root, { children: async () => 16, platforms });
    await part.source.fetchManifest(root);
    await part.close();
    expect(upstream.pulls).toBe(1);
  });

  test('has all of its pulls reserved before its index is read, and others find what is left', async () => {
    const { upstream, budgets, worker, add, work, state } = setUp({ limit: 20 });
    const [root, ...children] = index(upstream, 16);
    const opened = open(budgets, upstream, root, { children: async () => 16 });
    await opened.source.fetchManifest(root);
    expect(await state()).toMatchObject({ available: 19, reserved: 16 });
    await expect(work(add(1), 4, worker())).rejects.toMatchObject(budgetError);
    await (await work(add(3), 3, worker())).close();
    await Promise.all(children.map((digest) => opened.source.fetchManifest(digest)));
    await opened.close();
    expect(upstream.refused).toEqual([]);
    expect(upstream.pulls).toBe(20);
  });

  test('that was an index and is none any more has what it does not need given back before it is copied', async () => {
    const { upstream, budgets, add, work, ledgers, state } = setUp({ limit: 1000 });
    await (await work(add(1))).close();
    const [root] = add(1);
    if (!root) throw new Error('expected a digest');
    const opened = open(budgets, upstream, root, { children: async () => 16 });
    const reserved = () => Object.values(ledgers.contents())[0]?.leases.map(({ pulls }) => pulls);
    upstream.beforePull = () => expect(reserved()).toEqual([16]);
    await opened.source.fetchManifest(root);
    expect(await state()).toMatchObject({ available: 998, reserved: 0 });
    await opened.close();
    expect(upstream.heads).toBe(1);
  });

  test('is asked for by HEAD where little is left, though a guess would fit', async () => {
    const { upstream, budgets, add, work, state } = setUp({ limit: 60 });
    await (await work(add(20))).close();
    const { heads } = upstream;
    const [root] = index(upstream, 2);
    const opened = open(budgets, upstream, root, { children: async () => 16 });
    await opened.source.fetchManifest(root);
    expect(upstream.heads).toBe(heads + 1);
    expect(await state()).toMatchObject({ available: 39, reserved: 2 });
    await opened.close();
  });

  test('is taken for as large as the last index of the upstream, where there is plenty left', async () => {
    const { upstream, budgets, ledgers } = setUp({ limit: 1000 });
    const read = async (digests: readonly [Digest, ...Digest[]]) => {
      const [root] = digests;
      const opened = open(budgets, upstream, root);
      let reserved = 0;
      upstream.beforePull = () => {
        const [ledger] = Object.values(ledgers.contents());
        reserved = ledger?.leases.reduce((sum, { pulls }) => sum + pulls, 0) ?? 0;
      };
      await opened.source.fetchManifest(root);
      await opened.close();
      return reserved;
    };
    await read(index(upstream, 24, 'first'));
    const { heads } = upstream;
    expect(await read(index(upstream, 4, 'second'))).toBe(24);
    expect(await read(index(upstream, 6, 'third'))).toBe(4);
    expect(upstream.heads).toBe(heads);
  });

  test('does not wait for more than its size has room for, though the tag named more last', async () => {
    const { upstream, budgets, worker } = setUp({ limit: 20 });
    upstream.spendBeside(4);
    const [root, ...children] = index(upstream, 2);
    const opened = open(budgets, upstream, root, { children: async () => 40 });
    for (const digest of [root, ...children]) await opened.source.fetchManifest(digest);
    await opened.close();
    const alone = upstream.addText('no index');
    const small = open(worker(), upstream, alone, { children: async () => 40 });
    await small.source.fetchManifest(alone);
    await small.close();
    expect([upstream.pulls, upstream.refused]).toEqual([4, []]);
  });

  test('that others never leave enough for at once comes piece by piece, after it was put off', async () => {
    const { upstream, clock, budgets, add, work, worker } = setUp({ limit: 20 });
    const [root, ...children] = index(upstream, 16);
    const missing = new Set(children);
    const small = async () => {
      const done = work(add(1), 1, worker()).then((opened) => opened.close());
      await done.catch((error: unknown) => expect(error).toBeInstanceOf(BudgetError));
    };
    const copy = async (pulls: number | undefined) => {
      const opened = open(budgets, upstream, root, { pulls, children: async () => 16 });
      try {
        await opened.source.fetchManifest(root);
        for (const digest of missing) {
          await opened.source.fetchManifest(digest);
          missing.delete(digest);
        }
        return undefined;
      } catch (error) {
        return error instanceof BudgetError ? error : Promise.reject(error);
      } finally {
        await opened.close();
      }
    };
    for (let times = 0; times < 6; times += 1) await small();
    let pulls: number | undefined;
    for (let tries = 0; tries < 60 && missing.size > 0; tries += 1) {
      pulls = (await copy(pulls))?.pulls;
      clock.time += 10 * MINUTE;
      await small();
    }
    expect(missing.size).toBe(0);
    expect(upstream.refused).toEqual([]);
  });

  test('whose HEAD finds nothing is left to its pull to fail, and needs no other', async () => {
    const { upstream, budgets, state } = setUp({ limit: 30 });
    upstream.spendBeside(29);
    const root = digestOf('gone');
    const opened = open(budgets, upstream, root, { children: async () => 16 });
    await expect(opened.source.fetchManifest(root)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    await opened.close();
    expect(await state()).toMatchObject({ reserved: 0 });
  });
});

describe('work that reads many images and begins anew where it could not end', () => {
  function images(upstream: CountingUpstream, count: number) {
    return Array.from({ length: count }, (_, at) => {
      const graph = multiPlatform(`image ${at}`, ['linux/amd64', 'linux/arm64']);
      for (const content of graph.manifests) upstream.add(content);
      const { mediaType, digest, size } = graph.root;
      const root = { registry: REGISTRY, repository: 'library/app', mediaType, digest, size };
      return {
        root,
        children: graph.manifests.flatMap((one) => (one.digest === digest ? [] : [one.digest])),
      };
    });
  }
  const openAll = (
    { budgets, upstream }: ReturnType<typeof setUp>,
    some: ReturnType<typeof images>,
    pulls?: number,
  ) =>
    budgets.openAll(REGISTRY, {
      roots: some.map(({ root }) => root),
      platforms: [],
      pulls,
      repository: () => upstream.repository(),
    });

  test('has everything reserved before its first pull, or does not begin', async () => {
    const world = setUp({ limit: 40 });
    const [first, second] = [images(world.upstream, 4), images(world.upstream, 4)];
    const opened = await openAll(world, first, 20);
    await expect(openAll(world, second, 21)).rejects.toMatchObject({ ...budgetError, pulls: 21 });
    expect(world.upstream.pulls).toBe(0);
    for (const { root, children } of first)
      for (const digest of [root.digest, ...children]) await opened.source(root).fetchManifest(digest);
    await opened.close();
    expect(world.upstream.pulls).toBe(20);
    expect(await world.state()).toMatchObject({ available: 20, reserved: 0 });
    await (await openAll(world, second, 20)).close();
  });

  test('is refused when no window has so many, as no window ever would end it', async () => {
    const world = setUp({ limit: 40, policy: { reserve: { pulls: 10 } } });
    await expect(openAll(world, images(world.upstream, 4), 31)).rejects.toMatchObject({
      code: 'E_ARGUMENT',
      message: expect.stringMatching(
        /^This needs about 31 pulls of hub\.test, whose budget has 30 in a whole window/,
      ),
    });
    expect(world.upstream.pulls).toBe(0);
    expect(await world.state()).toMatchObject({ available: 30, reserved: 0 });
  });

  test('that turns out to need more than was thought says so when it comes back', async () => {
    const world = setUp({ limit: 12 });
    const some = images(world.upstream, 3);
    const opened = await openAll(world, some);
    const read = async () => {
      for (const { root, children } of some)
        for (const digest of [root.digest, ...children]) await opened.source(root).fetchManifest(digest);
    };
    // Fifteen are needed.
    await expect(read()).rejects.toMatchObject({ ...budgetError, pulls: 15 });
    await opened.close();
    expect([world.upstream.pulls, world.upstream.refused]).toEqual([12, []]);
    await expect(openAll(world, some, 15)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  });

  test('reserves nothing and asks nothing while the registry wants to be left alone', async () => {
    const world = setUp();
    world.budgets.observe({ registry: REGISTRY, api: 'registry', pauseMs: 90_000 });
    await world.budgets.settled();
    await expect(openAll(world, images(world.upstream, 1))).rejects.toMatchObject({ code: 'E_RATE_LIMITED' });
    expect([world.upstream.heads, world.ledgers.contents()]).toEqual([0, {}]);
  });

  test('that is cancelled while upstream is asked leaves all pulls to others', async () => {
    const world = setUp({ limit: 20 });
    const some = images(world.upstream, 4);
    const stop = new AbortController();
    const reason = new Error('the host is going down');
    const resolve: Repository['resolve'] = async (_, { signal } = {}) => {
      stop.abort(reason);
      signal?.throwIfAborted();
      return undefined;
    };
    const cancelled = world.budgets.openAll(REGISTRY, {
      roots: some.map(({ root }) => root),
      platforms: [],
      pulls: 20,
      repository: () => ({ ...world.upstream.repository(), resolve }),
      signal: stop.signal,
    });
    await expect(cancelled).rejects.toBe(reason);
    expect(world.upstream.pulls).toBe(0);
    const opened = await openAll(world, some, 20);
    expect(opened).toHaveProperty('source', expect.any(Function));
  });

  test('is not limited where nothing is known to limit it', async () => {
    const world = setUp();
    world.upstream.source = undefined;
    const some = images(world.upstream, 2);
    const opened = await openAll(world, some);
    for (const { root } of some) await opened.source(root).fetchManifest(root.digest);
    await opened.close();
    expect(world.ledgers.contents()).toEqual({});
  });
});
