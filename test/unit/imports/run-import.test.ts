import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import { BudgetError, RecordVersionError, RegistryError, TransportError } from '../../../shared/errors.ts';
import { runImport } from '../../../shared/imports/index.ts';
import { image, type MemoryRepositoryOptions, multiPlatform } from '../../helpers/memory-content.ts';
import { World } from '../../helpers/memory-jobs.ts';

const app = image('app 1');
const next = image('app 2');

/** Fails every call of the kind. */
function refusing(kind: string, error: Error): MemoryRepositoryOptions {
  return {
    before: (call) => {
      if (call.kind === kind) throw error;
    },
  };
}

test('a job copies the image, moves the tag and records success', async () => {
  const world = new World();
  const job = world.job(app, 1);
  const outcome = await world.run(job);
  expect(outcome).toEqual({
    kind: 'done',
    job,
    state: 'succeeded',
    detail: '1 manifest copied, 2 blobs uploaded (19 bytes)',
  });
  expect(world.tag).toBe(app.root.digest);
  expect(await world.record(job)).toEqual({
    ...job,
    state: 'succeeded',
    attempts: 1,
    failures: 0,
    detail: outcome.detail,
    bytesTotal: 19,
    bytesDone: 19,
    queuedAt: '2026-05-01T00:00:00.000Z',
    startedAt: '2026-05-01T00:00:00.000Z',
    finishedAt: '2026-05-01T00:00:00.000Z',
  });
  expect(world.ledger).toEqual({
    target: 'mirror.test/app:1',
    digest: app.root.digest,
    observedAt: job.observedAt,
    digestObservedAt: job.observedAt,
    children: 0,
    placedBy: 'job',
    placedAt: '2026-05-01T00:00:00.000Z',
    sequence: 1,
  });
});

test('the body may be JSON text', async () => {
  const world = new World();
  await expect(world.run(JSON.stringify(world.job(app, 1)))).resolves.toMatchObject({ state: 'succeeded' });
});

test('a tag that is right already is unchanged and costs the source nothing', async () => {
  const world = new World();
  world.target.seed(app).tags.set('1', app.root.digest);
  const job = world.job(app, 1);
  await expect(world.run(job)).resolves.toMatchObject({
    state: 'unchanged',
    detail: `mirror.test/app:1 is ${app.root.digest} already`,
  });
  expect(world.source.calls).toEqual([]);
  expect(world.target.stored).toEqual([]);
  expect(await world.record(job)).toMatchObject({ state: 'unchanged' });
});

test('a right tag on an index that lacks a child is repaired, which is a success', async () => {
  const world = new World();
  const graph = multiPlatform('app', ['linux/amd64']);
  world.target.seed(graph).tags.set('1', graph.root.digest);
  world.target.manifests.delete(graph.manifests[0]?.digest ?? graph.root.digest);
  await expect(world.run(world.job(graph, 1))).resolves.toMatchObject({ state: 'succeeded' });
  expect(world.target.tagMoves).toEqual([]);
});

test('the same job twice copies once, and the record still says what it did', async () => {
  const world = new World();
  const job = world.job(app, 1);
  const first = await world.run(job);
  const reads = world.source.calls.length;
  await expect(world.run(job)).resolves.toMatchObject({ state: 'unchanged' });
  expect(world.source.calls).toHaveLength(reads);
  expect(world.target.tagMoves).toHaveLength(1);
  expect(Object.keys(world.jobs.contents())).toHaveLength(1);
  expect(await world.record(job)).toMatchObject({ state: 'succeeded', attempts: 2, detail: first.detail });
});

test('a platform subset on a target that refuses partial indexes is unchanged the second time', async () => {
  const world = new World();
  const graph = multiPlatform('app', ['linux/amd64', 'linux/arm64']);
  await expect(world.run(world.job(graph, 1, ['linux/amd64']))).resolves.toMatchObject({
    state: 'succeeded',
    detail: expect.stringContaining('refuses a partial index'),
  });
  expect(world.tag).not.toBe(graph.root.digest);
  expect(world.ledger?.digest).toBe(world.tag);
  await expect(world.run(world.job(graph, 2, ['linux/amd64']))).resolves.toMatchObject({
    state: 'unchanged',
  });
  expect(world.target.tagMoves).toHaveLength(1);
});

test('a job observed earlier than what was put comes too late and copies nothing', async () => {
  const world = new World();
  await world.run(world.job(next, 2));
  const reads = world.source.calls.length;
  const late = world.job(app, 1);
  await expect(world.run(late)).resolves.toMatchObject({
    state: 'unchanged',
    detail: expect.stringContaining('observed later'),
  });
  expect(world.source.calls).toHaveLength(reads);
  expect(world.tag).toBe(next.root.digest);
});

test('a job overtaken while it copies leaves the tag alone', async () => {
  const world = new World();
  const [older, newer] = [world.job(app, 1), world.job(next, 2)];
  let overtaken = false;
  const outcome = await world.run(older, async (moment) => {
    if (moment !== 'source.fetchManifest start' || overtaken) return;
    overtaken = true;
    await world.run(newer);
  });
  expect(outcome).toMatchObject({ state: 'unchanged', detail: expect.stringContaining('observed later') });
  expect(world.tag).toBe(next.root.digest);
});

test('upstream going from A to B and back to A ends at A', async () => {
  const world = new World();
  for (const job of [world.job(app, 1), world.job(next, 2), world.job(app, 3)]) await world.run(job);
  expect(world.target.tagMoves.map(({ digest }) => digest)).toEqual([
    app.root.digest,
    next.root.digest,
    app.root.digest,
  ]);
  expect(Object.keys(world.jobs.contents())).toHaveLength(3);
});

test('observation times of different precision are compared as times', async () => {
  const world = new World();
  await world.run({ ...world.job(app, 0), observedAt: '2026-04-01T00:00:00Z' });
  await world.run({ ...world.job(next, 0), id: 'later', observedAt: '2026-04-01T00:00:00.5Z' });
  expect(world.tag).toBe(next.root.digest);
});

describe('failures', () => {
  test('a rate limit is waited out with a scheduled message', async () => {
    const limited = new RegistryError('E_RATE_LIMITED', 'Too many pulls.', {
      status: 429,
      retryAfterMs: 90_000,
    });
    const world = new World({ source: refusing('fetchManifest', limited) });
    const job = world.job(app, 1);
    const at = new Date('2026-05-01T00:01:30.000Z');
    await expect(world.run(job)).resolves.toMatchObject({ kind: 'rescheduled', at });
    expect(world.scheduled).toEqual([{ job, at }]);
    expect(world.deadLetters).toEqual([]);
    expect(await world.record(job)).toMatchObject({
      state: 'queued',
      failures: 0,
      errorCode: 'E_RATE_LIMITED',
      detail: 'waits until 2026-05-01T00:01:30.000Z: Too many pulls.',
    });
  });

  test('a passing failure is tried again later, and the next try succeeds', async () => {
    let failures = 1;
    const before = () => {
      failures -= 1;
      if (failures === 0) throw new TransportError('E_NETWORK', 'Connection reset.');
    };
    const world = new World({ source: { before } });
    const job = world.job(app, 1);
    const at = new Date('2026-05-01T00:00:15.000Z');
    await expect(world.run(job)).resolves.toMatchObject({ kind: 'rescheduled', at });
    expect(world.scheduled).toEqual([{ job, at }]);
    expect(await world.record(job)).toMatchObject({
      state: 'queued',
      failures: 1,
      errorCode: 'E_NETWORK',
      detail: 'will be tried again at 2026-05-01T00:00:15.000Z: Connection reset.',
    });
    await world.run(job);
    const record = await world.record(job);
    expect(record).toMatchObject({ state: 'succeeded', attempts: 2, failures: 0 });
    expect(record).not.toHaveProperty('errorCode');
  });

  test('an upstream that is out of order for hours only makes the import later', async () => {
    const begin = Date.parse('2026-05-01T00:00:00Z');
    const before = () => {
      const isOut = world.time < begin + 6 * 60 * 60_000;
      if (isOut) throw new RegistryError('E_UNAVAILABLE', 'Out of order.', { status: 503 });
    };
    const world: World = new World({ source: { before } });
    const job = world.job(app, 1);
    await world.deliver(job);
    expect(await world.record(job)).toMatchObject({ state: 'succeeded', failures: 0 });
    expect(world.deadLetters).toEqual([]);
    expect(world.time).toBeLessThan(begin + 7 * 60 * 60_000);
  });

  test.each([
    ['a failure', new TransportError('E_NETWORK', 'no'), 'E_NETWORK'],
    ['an error nobody knows', new Error('no'), 'E_UNKNOWN'],
  ])(
    '%s that does not pass has the job dead-lettered after 24 tries in most of a day',
    async (_, error, code) => {
      const world = new World({ source: refusing('fetchManifest', error) });
      const job = world.job(app, 1);
      await world.deliver(job);
      expect(world.deadLetters).toEqual([{ body: job, code, message: 'no' }]);
      expect(await world.record(job)).toMatchObject({
        state: 'failed',
        attempts: 24,
        failures: 24,
        errorCode: code,
      });
      expect(new Date(world.time).toISOString()).toBe('2026-05-01T16:03:45.000Z');
    },
  );

  test('a rate limit between failures neither counts as one nor starts the count anew', async () => {
    const errors = [
      new TransportError('E_NETWORK', 'no'),
      new RegistryError('E_RATE_LIMITED', 'no', { retryAfterMs: 5000 }),
      new TransportError('E_NETWORK', 'no'),
    ];
    const before = () => {
      const error = errors.shift();
      if (error) throw error;
    };
    const world = new World({ source: { before } });
    const job = world.job(app, 1);
    const counts: (number | undefined)[] = [];
    for (let tries = 0; tries < 4; tries += 1) {
      await world.run(job);
      counts.push((await world.record(job))?.failures);
    }
    expect(counts).toEqual([1, 1, 2, 0]);
  });

  test.each([
    ['the source may not be reached', new RegistryError('E_DENIED', 'no'), 'E_DENIED'],
    ['the image is gone', new RegistryError('E_NOT_FOUND', 'no', { status: 404 }), 'E_NOT_FOUND'],
  ])('the job is dead-lettered at once, with the reason, when %s', async (_, error, code) => {
    const world = new World({ source: refusing('fetchManifest', error) });
    const job = world.job(app, 1);
    await expect(world.run(job)).resolves.toEqual({ kind: 'dead-lettered', code, detail: 'no' });
    expect(world.deadLetters).toEqual([{ body: job, code, message: 'no' }]);
    expect(await world.record(job)).toMatchObject({ state: 'failed', errorCode: code, detail: 'no' });
    expect(world.tag).toBeUndefined();
  });

  test('a job that was dead-lettered can be replayed', async () => {
    let isGone = true;
    const before = () => {
      if (isGone) throw new RegistryError('E_NOT_FOUND', 'no', { status: 404 });
    };
    const world = new World({ source: { before } });
    const job = world.job(app, 1);
    await world.run(job);
    isGone = false;
    await world.run(job);
    expect(await world.record(job)).toMatchObject({ state: 'succeeded', attempts: 2 });
  });

  test('a job that the registry denies is tried three more times, 20 minutes apart, before it is dead-lettered', async () => {
    const denied = new RegistryError('E_DENIED', 'no', { status: 401 });
    const world = new World({ source: refusing('fetchManifest', denied) });
    const job = world.job(app, 1);
    const startedAt = world.time;
    await world.deliver(job);
    expect((world.time - startedAt) / 60_000).toBe(60);
    expect(world.deadLetters).toEqual([{ body: job, code: 'E_DENIED', message: 'no' }]);
    expect(await world.record(job)).toMatchObject({ state: 'failed', attempts: 4, failures: 4 });
    expect(await world.record(job)).not.toHaveProperty('denials');
  });

  test('other failures between do not use up the tries of one that is denied, and a new password is enough', async () => {
    const errors = [
      ...Array.from({ length: 5 }, () => new TransportError('E_NETWORK', 'no')),
      ...Array.from({ length: 3 }, () => new RegistryError('E_DENIED', 'no', { status: 403 })),
    ];
    const before = () => {
      const error = errors.shift();
      if (error) throw error;
    };
    const world = new World({ source: { before } });
    const job = world.job(app, 1);
    await world.deliver(job);
    expect(world.deadLetters).toEqual([]);
    expect(await world.record(job)).toMatchObject({ state: 'succeeded', attempts: 9, failures: 0 });
  });

  test('a job that does not fit into the budget waits for it, which is no failed try, and remembers what it needs', async () => {
    const until = new Date('2026-05-01T02:00:00Z');
    const world = new World();
    const job = world.job(app, 1);
    const wanted: unknown[] = [];
    let isSpent = true;
    const worker = {
      ...world.worker(),
      openSource: (_: unknown, { pulls }: { pulls: number | undefined }) => {
        wanted.push(pulls);
        const fetchManifest = (digest: string) => {
          if (isSpent) throw new BudgetError('docker.io', until, 7, 'all pulls are spent');
          return world.source.fetchManifest(digest);
        };
        const source = { fetchManifest, openBlob: world.source.openBlob.bind(world.source) };
        return { source, close: async () => void wanted.push('closed') };
      },
    };
    const outcome = await runImport(job, worker);
    expect(outcome).toMatchObject({ kind: 'rescheduled', at: until });
    expect(await world.record(job)).toMatchObject({
      state: 'queued',
      errorCode: 'E_BUDGET',
      failures: 0,
      pulls: 7,
      detail: 'waits for the budget of docker.io until 2026-05-01T02:00:00.000Z: all pulls are spent',
    });
    isSpent = false;
    await expect(runImport(job, worker)).resolves.toMatchObject({ kind: 'done', state: 'succeeded' });
    expect(await world.record(job)).not.toHaveProperty('pulls');
    expect(wanted).toEqual([undefined, 'closed', 7, 'closed']);
  });

  test('how many manifests an image named is known when its tag is imported again', async () => {
    const world = new World();
    const known: unknown[] = [];
    const worker = {
      ...world.worker(),
      openSource: (
        _: unknown,
        { children }: { children?: (() => Promise<number | undefined>) | undefined },
      ) => ({
        source: {
          async fetchManifest(digest: string) {
            known.push(await children?.());
            return await world.source.fetchManifest(digest);
          },
          openBlob: world.source.openBlob.bind(world.source),
        },
        close: async () => {},
      }),
    };
    const platforms = ['linux/amd64', 'linux/arm64'];
    await runImport(world.job(multiPlatform('app', platforms), 1), worker);
    await runImport(world.job(multiPlatform('next', platforms), 2), worker);
    // The index, two images and their attestations.
    expect(known).toEqual([...Array(5).fill(undefined), ...Array(5).fill(4)]);
  });

  test('an interrupted job is tried again later', async () => {
    const world = new World();
    const job = world.job(app, 1);
    const signal = AbortSignal.abort(new Error('shutting down'));
    await expect(world.run(job, undefined, signal)).resolves.toMatchObject({ kind: 'rescheduled' });
    expect(await world.record(job)).toMatchObject({ state: 'queued' });
  });

  test.each([
    ['jobs.update', 'a success'],
    ['queue.sendAt', 'a failure'],
  ])('what the own services throw at %s goes up, so that %s is delivered again', async (call) => {
    const out = new TransportError('E_NETWORK', 'no');
    const world = new World(call === 'queue.sendAt' ? { source: refusing('fetchManifest', out) } : {});
    const down = new Error('the service is down');
    const run = world.run(world.job(app, 1), (moment) => {
      if (moment === `${call} start`) throw down;
    });
    await expect(run).rejects.toBe(down);
    expect(world.scheduled).toEqual([]);
  });

  test('wrong bytes never reach the tag', async () => {
    const world = new World();
    const job = world.job(app, 1);
    world.source.blobs.set(digestOf('app 1'), Buffer.from('app X'));
    await world.run(job);
    expect(await world.record(job)).toMatchObject({ state: 'queued', errorCode: 'E_DIGEST_MISMATCH' });
    expect(world.tag).toBeUndefined();
    expect(world.ledger).toBeUndefined();
  });

  test('what is not JSON is dead-lettered as it came', async () => {
    const world = new World();
    await expect(world.run('hello')).resolves.toMatchObject({ kind: 'dead-lettered', code: 'E_JOB' });
    expect(world.deadLetters).toMatchObject([
      { body: 'hello', message: expect.stringContaining('not JSON') },
    ]);
    expect(world.jobs.contents()).toEqual({});
  });

  test('what is not a job is dead-lettered with the fields at fault', async () => {
    const world = new World();
    const body = { ...world.job(app, 1), digest: 'sha256:abc', target: 'mirror.test/app' };
    await world.run(body);
    expect(world.deadLetters).toMatchObject([{ body, code: 'E_JOB' }]);
    expect(world.deadLetters[0]?.message).toMatch(/digest: .*target: /);
  });
});

describe('a record that a later version wrote', () => {
  const later = new RecordVersionError('mirror.test/app:1', 2, 1);
  const unreadable = (call: string) => (moment: string) => {
    if (moment === call) throw later;
  };

  test('of the tag holds the job, visibly and without a failure, until it can be read', async () => {
    const world = new World();
    const job = world.job(app, 1);
    const outcome = await world.run(job, unreadable('tags.update start'));
    expect(outcome).toMatchObject({ kind: 'held', at: new Date(world.time + 10 * 60_000) });
    expect(await world.record(job)).toMatchObject({
      state: 'held',
      errorCode: 'E_RECORD_VERSION',
      failures: 0,
      heldUntil: new Date(world.time + 10 * 60_000).toISOString(),
    });
    expect(world.deadLetters).toEqual([]);
    expect(world.scheduled).toEqual([{ job, at: new Date(world.time + 10 * 60_000) }]);
    await expect(world.run(job)).resolves.toMatchObject({ state: 'succeeded' });
  });

  test('of the job itself has its message sent again later, for as long as it takes', async () => {
    const world = new World();
    const job = world.job(app, 1);
    for (let delivery = 1; delivery <= 30; delivery += 1) {
      await expect(world.run(job, unreadable('jobs.update start'))).resolves.toMatchObject({ kind: 'held' });
    }
    expect(world.scheduled).toHaveLength(30);
    expect(world.deadLetters).toEqual([]);
    expect(await world.record(job)).toBeUndefined();
    await expect(world.run(job)).resolves.toMatchObject({ state: 'succeeded' });
  });

  test('is told apart from records that cannot be read at all', async () => {
    const world = new World();
    const broken = (moment: string) => {
      if (moment === 'jobs.update start') throw new Error('the tables are away');
    };
    await expect(world.run(world.job(app, 1), broken)).rejects.toThrow('the tables are away');
    expect(world.scheduled).toEqual([]);
  });
});
