import { ReadableStream } from 'node:stream/web';
import { describe, expect, it } from 'vitest';
import { RecordVersionError, RegistryError } from '../../../shared/errors.ts';
import { pollDueWatches } from '../../../shared/mirror/polling/index.ts';
import { createWebhooks, type Webhook } from '../../../shared/webhooks/index.ts';
import type { RepositoryNotifications } from '../../../shared/webhooks/notification-record.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';
import { createWatch, digest } from '../mirror/fixtures.ts';
import { createWorld } from '../mirror/world.ts';

const SECRET = 'aSecretThatIsLongEnough-0123456789';
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const HUB: Webhook = { name: 'hub', from: 'docker-hub', registry: 'docker.io', pollEveryMs: 6 * 3_600_000 };
const PROXY: Webhook = { ...HUB, name: 'proxy', from: 'distribution' };

/** An upstream with the tags 22 and 24, already copied, two webhooks that speak of it, and any number of workers. */
async function setUp({ watch = createWatch() } = {}) {
  const world = createWorld({ '22': digest('a'), '24': digest('b') });
  const notifications = createMemoryRecords<RepositoryNotifications>();
  const allowances = createMemoryRecords<{ minute: string; given: number }>();
  const poll = { ...world.ports, observations: world.observations };
  const worker = () =>
    createWebhooks({
      webhooks: [HUB, PROXY],
      watches: async () => [watch],
      secretsOf: () => [Promise.resolve(SECRET)],
      poll,
      notifications,
      allowances,
    });
  await pollDueWatches([watch], world.ports, { force: true });
  world.queued.length = 0;
  world.requests.heads.length = 0;
  const webhooks = worker();

  const receive = (name: string, json: object, by = webhooks) =>
    by.receive(
      {
        method: 'POST',
        name,
        secret: SECRET,
        headers: new Headers(),
        body: ReadableStream.from([Buffer.from(JSON.stringify(json))]),
      },
      { logger },
    );
  /** Docker Hub says that a tag was pushed. */
  const push = (tag: string, by = webhooks) =>
    receive('hub', { push_data: { tag }, repository: { repo_name: 'library/node' } }, by);
  const passSeconds = (seconds: number) => {
    world.clock.now = new Date(world.clock.now.getTime() + seconds * 1000);
  };
  return { world, watch, notifications, webhooks, worker, receive, push, passSeconds };
}

describe('a notification', () => {
  it('leads to one HEAD and one job when the tag moved', async () => {
    const { world, push } = await setUp();
    world.upstream.set('22', digest('new'));
    expect(await push('22')).toMatchObject({ status: 202 });
    expect(world.requests.heads).toEqual(['22']);
    expect(world.requests.listings).toBe(0);
    expect(world.queued).toMatchObject([{ digest: digest('new'), target: 'acme.azurecr.io/base/node:22' }]);
  });

  it('is not believed: the registry has the last word', async () => {
    const { world, receive } = await setUp();
    const event = {
      action: 'push',
      target: { repository: 'library/node', tag: '22', digest: digest('forged') },
    };
    expect(await receive('proxy', { events: [event] })).toMatchObject({ status: 202 });
    expect(world.requests.heads).toEqual(['22']);
    expect(world.queued).toEqual([]);
  });

  it('about a tag that no rule selects, or another repository, costs nothing', async () => {
    const { world, push, receive } = await setUp();
    expect(await push('23')).toMatchObject({ status: 202 });
    const other = { push_data: { tag: '22' }, repository: { repo_name: 'library/python' } };
    expect(await receive('hub', other)).toMatchObject({ status: 202, body: { status: 'ignored' } });
    expect(world.requests.heads).toEqual([]);
  });

  it('about a deleted digest has the tags that named it looked at, and their copies kept', async () => {
    const { world, receive } = await setUp();
    world.upstream.set('24', undefined);
    const event = { action: 'delete', target: { repository: 'library/node', digest: digest('b') } };
    await receive('proxy', { events: [event] });
    expect(world.requests.heads).toEqual(['24']);
    expect(world.queued).toEqual([]);
    expect(world.observations.contents()['acme.azurecr.io/base/node/24']).toMatchObject({
      upstreamGoneAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  it('where a tag is judged by the others has the watch polled', async () => {
    const tags = { include: [{ match: ['2*'], newest: { count: 1, by: 'version' as const } }], exclude: [] };
    const { world, push } = await setUp({ watch: { ...createWatch(), tags } });
    world.requests.listings = 0;
    world.upstream.set('26', digest('new'));
    await push('26');
    expect(world.requests.listings).toBe(1);
    expect(world.queued).toMatchObject([{ target: 'acme.azurecr.io/base/node:26' }]);
  });

  it('that comes again and again costs a HEAD now and then', async () => {
    const { world, push, passSeconds } = await setUp();
    for (let second = 0; second < 60; second += 1) {
      await push('22');
      passSeconds(1);
    }
    expect(world.requests.heads).toHaveLength(4);
  });

  it('that comes right after another is followed too, by the timer, for the tag may have moved in between', async () => {
    const { world, push, webhooks, passSeconds } = await setUp();
    await push('22');
    world.upstream.set('22', digest('new'));
    await push('22');
    expect(world.queued).toEqual([]);
    passSeconds(60);
    await webhooks.followWaiting({ logger });
    expect(world.queued).toMatchObject([{ digest: digest('new') }]);
    passSeconds(60);
    await webhooks.followWaiting({ logger });
    expect(world.requests.heads).toEqual(['22', '22']);
  });

  it('that cannot be followed is followed by the timer, once the registry answers', async () => {
    const { world, push, webhooks, passSeconds } = await setUp();
    world.upstream.set('22', digest('new'));
    world.hooks.resolve = () => {
      throw new RegistryError('E_UNAVAILABLE', 'The registry is away.');
    };
    expect(await push('22')).toMatchObject({ status: 202 });
    world.hooks.resolve = () => {};
    expect(world.queued).toEqual([]);
    passSeconds(60);
    await webhooks.followWaiting({ logger });
    expect(world.queued).toMatchObject([{ digest: digest('new') }]);
  });

  it('is not taken when it cannot be kept', async () => {
    const { world, push } = await setUp();
    const refusing = createWebhooks({
      webhooks: [HUB],
      watches: async () => [createWatch()],
      secretsOf: () => [Promise.resolve(SECRET)],
      poll: { ...world.ports, observations: world.observations },
      notifications: createMemoryRecords({
        at: () => {
          throw new Error('the tables are away');
        },
      }),
      allowances: createMemoryRecords(),
    });
    expect(await push('22', refusing)).toMatchObject({ status: 503 });
  });
});

describe('many at once', () => {
  it('webhooks, workers and polls that all see a change queue it once', async () => {
    const { world, watch, worker, push, receive, webhooks } = await setUp();
    world.upstream.set('22', digest('new'));
    const event = { action: 'push', target: { repository: 'library/node', tag: '22' } };
    const [second, third] = [worker(), worker()];
    await Promise.all([
      push('22'),
      push('22', second),
      push('22', third),
      receive('proxy', { events: [event, event] }, second),
      pollDueWatches([watch], world.ports, { force: true }),
      webhooks.followWaiting({ logger }),
      third.followWaiting({ logger }),
    ]);
    expect(new Set(world.queued.map(({ id }) => id)).size).toBe(1);
    expect(world.queued[0]).toMatchObject({ digest: digest('new') });
  });

  it('a storm over hundreds of tags costs the registry a bounded number of HEADs, and is answered', async () => {
    const { world, worker, push } = await setUp({ watch: createWatch({ include: ['*'] }) });
    world.requests.listings = 0;
    const workers = [worker(), worker()];
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, at) => push(`tag-${at}`, workers[at % 2] ?? workers[0])),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(world.requests.heads.length).toBeGreaterThan(0);
    expect(world.requests.heads.length).toBeLessThanOrEqual(240);
    expect(world.requests.listings).toBeLessThanOrEqual(1);
  });
});

describe('a watch that notifications feed', () => {
  it('rests between polls, as long as polls find nothing that was not told', async () => {
    const { world, watch, webhooks, push, passSeconds } = await setUp();
    const restOf = async () => (await webhooks.rested([watch]))[0]?.restMs;
    expect(await restOf()).toBeUndefined();
    await push('22');
    expect(await restOf()).toBe(HUB.pollEveryMs);

    const polled = async () => {
      const report = await pollDueWatches(await webhooks.rested([watch]), world.ports);
      await webhooks.learnFrom([watch], report.watches);
      return report.watches.length;
    };
    passSeconds(3_600);
    expect(await polled()).toBe(0);
    passSeconds(5 * 3_600);
    expect(await polled()).toBe(1);
    expect(await restOf()).toBe(HUB.pollEveryMs);

    await world.runJobs();
    for (const { target, observedAt, digest: put } of Object.values(world.observations.contents())) {
      const [partition = '', row = ''] = target.split(':');
      const record = { target, digest: put, observedAt, digestObservedAt: observedAt };
      await world.tagRecords.update({ partition, row }, () => record);
    }
    passSeconds(6 * 3_600);
    expect(await polled()).toBe(1);
    expect(world.queued).toMatchObject([{ reason: 'target tag was deleted' }, {}]);
    expect(await restOf()).toBe(HUB.pollEveryMs);

    world.upstream.set('24', digest('silently'));
    passSeconds(6 * 3_600);
    expect(await polled()).toBe(1);
    expect(await restOf()).toBeUndefined();
    expect(await webhooks.states()).toMatchObject([{ name: 'hub', missed: 1 }, { name: 'proxy' }]);
    passSeconds(900);
    expect(await polled()).toBe(1);

    await push('24');
    expect(await restOf()).toBe(HUB.pollEveryMs);
  });

  it('rests no longer than what is promised of its freshness allows', async () => {
    const watch = { ...createWatch(), freshWithinMs: 3_600_000 };
    const { webhooks, push } = await setUp({ watch });
    await push('22');
    expect(await webhooks.rested([watch])).toMatchObject([{ restMs: 1_800_000 }]);
  });

  it('is shown with when its webhook last spoke', async () => {
    const { webhooks, push, world } = await setUp();
    await push('22');
    expect(await webhooks.states()).toEqual([
      {
        name: 'hub',
        from: 'docker-hub',
        registry: 'docker.io',
        proof: 'path',
        lastNoticeAt: world.clock.now.toISOString(),
        repositories: 1,
        missed: 0,
      },
      {
        name: 'proxy',
        from: 'distribution',
        registry: 'docker.io',
        proof: 'header or path',
        lastNoticeAt: undefined,
        repositories: 0,
        missed: 0,
      },
    ]);
  });

  it('is polled as usual where its record is of a later version, and the other repositories are followed', async () => {
    const { world, watch, notifications, push, passSeconds } = await setUp();
    await push('22');
    world.upstream.set('22', digest('new'));
    await push('22');
    passSeconds(60);
    const later = new RecordVersionError('docker.io/library/node', 2, 1);
    let isLater = false;
    const webhooks = createWebhooks({
      webhooks: [HUB],
      watches: async () => [watch],
      secretsOf: () => [Promise.resolve(SECRET)],
      poll: { ...world.ports, observations: world.observations },
      notifications: {
        ...notifications,
        async *list() {
          if (!isLater) yield* notifications.list();
          throw later;
        },
        update: (...given) => (isLater ? Promise.reject(later) : notifications.update(...given)),
      },
      allowances: createMemoryRecords(),
    });
    await webhooks.followWaiting({ logger });
    expect(world.queued).toMatchObject([{ digest: digest('new') }]);

    isLater = true;
    expect(await webhooks.rested([watch])).toEqual([watch]);
    expect(await webhooks.followWaiting({ logger })).toEqual([]);
    expect(await webhooks.states()).toMatchObject([{ name: 'hub', repositories: 0 }]);
    world.upstream.set('24', digest('silently'));
    const { watches } = await pollDueWatches([watch], world.ports, { force: true });
    await expect(webhooks.learnFrom([watch], watches)).resolves.toBeUndefined();
  });

  it('is of no concern where no webhook is configured: no record is read', async () => {
    const { world } = await setUp();
    const untouchable = createMemoryRecords<RepositoryNotifications>({
      at: () => {
        throw new Error('not expected');
      },
    });
    const none = createWebhooks({
      webhooks: [],
      watches: async () => [createWatch()],
      secretsOf: () => [Promise.resolve(SECRET)],
      poll: { ...world.ports, observations: world.observations },
      notifications: untouchable,
      allowances: createMemoryRecords(),
    });
    const watches = [createWatch()];
    expect(await none.rested(watches)).toBe(watches);
    expect(await none.followWaiting({ logger })).toEqual([]);
    await none.learnFrom([], []);
    expect(await none.states()).toEqual([]);
  });
});
