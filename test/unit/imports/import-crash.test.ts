import { expect, test } from 'vitest';
import { type RegistryCode, RegistryError, TransportError } from '../../../shared/errors.ts';
import { type ImportJob, jobKey, queuedRecord, retryJobs } from '../../../shared/imports/index.ts';
import { image, multiPlatform } from '../../helpers/memory-content.ts';
import { type AtMoment, failing, mortal, World } from '../../helpers/memory-jobs.ts';

const older = image('app 1');
const newer = multiPlatform('app 2', ['linux/amd64', 'linux/arm64']);

/** Runs a worker that dies at its `n`-th moment. `false` when it was done before. */
async function dies(world: World, job: ImportJob, n: number): Promise<boolean> {
  const { at, died } = mortal(n);
  const outcome = await Promise.race([died, world.run(job, at)]);
  await new Promise(setImmediate);
  return outcome === 'died';
}

async function expectDone(world: World, job: ImportJob, digest: string): Promise<void> {
  expect(world.tag).toBe(digest);
  expect(world.ledger).not.toHaveProperty('leaseOwner');
  expect(world.scheduled).toEqual([]);
  expect(world.deadLetters).toEqual([]);
  expect((await world.record(job))?.state).toMatch(/^(succeeded|unchanged)$/);
}

/** Tries every moment a worker can be stopped at, until it is not stopped any more. */
async function atEveryMoment(scenario: (n: number) => Promise<boolean>): Promise<number> {
  for (let n = 1; n < 1000; n += 1) if (!(await scenario(n))) return n;
  throw new Error('The worker was stopped a thousand times.');
}

test('a worker may die at any moment: the redelivered job ends with the right tag and one record', async () => {
  const moments = await atEveryMoment(async (n) => {
    const world = new World();
    const job = world.job(newer, 1);
    const died = await dies(world, job, n);
    await world.deliver(job);
    await expectDone(world, job, newer.root.digest);
    expect(Object.keys(world.jobs.contents())).toHaveLength(1);
    expect(world.target.tagMoves).toHaveLength(1);
    return died;
  });
  expect(moments).toBeGreaterThan(50);
});

test('a second death at any moment does no harm either', async () => {
  await atEveryMoment(async (n) => {
    const world = new World();
    const job = world.job(older, 1);
    const died = await dies(world, job, n);
    if (died) await dies(world, job, Math.ceil(n / 2));
    await world.deliver(job);
    await expectDone(world, job, older.root.digest);
    return died;
  });
});

test.each([
  ['older', 'newer'],
  ['newer', 'older'],
])('when the %s job dies and the %s one runs before it comes back, the tag is the newer', async (first) => {
  await atEveryMoment(async (n) => {
    const world = new World();
    const jobs = [world.job(older, 1), world.job(newer, 2)] as const;
    const [mourned, other] = first === 'older' ? jobs : [jobs[1], jobs[0]];
    const died = await dies(world, mourned, n);
    await world.deliver(other);
    await world.deliver(mourned);
    for (const job of jobs) await expectDone(world, job, newer.root.digest);
    const moves = world.target.tagMoves.map(({ digest }) => digest);
    expect(moves.lastIndexOf(older.root.digest)).toBeLessThan(moves.indexOf(newer.root.digest));
    return died;
  });
});

test.each([
  ['before or after its effect', new TransportError('E_NETWORK', 'Connection reset.')],
  ['with an answer of the registry', new RegistryError('E_UNAVAILABLE', 'Try later.', { status: 503 })],
  ['with an error nobody knows', new Error('?')],
])('any one call may fail %s: another try puts it right', async (_, error) => {
  await atEveryMoment(async (n) => {
    const world = new World();
    const job = world.job(newer, 1);
    let failed = false;
    const at = failing(n, error);
    await world.deliver(job, async (moment) => {
      try {
        await at(moment);
      } catch (cause) {
        failed = true;
        throw cause;
      }
    });
    await expectDone(world, job, newer.root.digest);
    expect(world.target.tagMoves).toHaveLength(1);
    return failed;
  });
});

const refusal = (code: RegistryCode) => new RegistryError(code, 'no', { retryAfterMs: 5000 });

test.each([
  ['put off', 'queued', refusal('E_RATE_LIMITED'), 0],
  ['to be tried again', 'queued', refusal('E_UNAVAILABLE'), 0],
  ['dead-lettered', 'failed', refusal('E_DENIED'), 0],
  ['given up', /queued|failed/, refusal('E_UNAVAILABLE'), 23],
])('a crash while a job is %s loses nothing', async (_, state, error, failures) => {
  await atEveryMoment(async (n) => {
    const before = () => {
      throw error;
    };
    const world = new World({ source: { before } });
    const job = world.job(older, 1);
    await world.jobs.update(jobKey(job), () => ({ ...queuedRecord(job, new Date(0)), failures }));
    const died = await dies(world, job, n);
    if (died) await world.run(job);
    const record = await world.record(job);
    expect(record).toMatchObject({ errorCode: error.code, state: expect.stringMatching(state) });
    expect(record?.state === 'failed' ? world.deadLetters : world.scheduled).not.toEqual([]);
    return died;
  });
});

test('a crash while a failed job is queued again leaves it failed, or with a message', async () => {
  await atEveryMoment(async (n) => {
    let isDenied = true;
    const before = () => {
      if (isDenied) throw refusal('E_DENIED');
    };
    const world = new World({ source: { before } });
    const job = world.job(older, 1);
    await world.run(job);
    isDenied = false;
    const { at, died } = mortal(n);
    const retry = (moments?: AtMoment) => {
      const ports = { ...world.worker(moments), now: () => new Date(world.time) };
      return retryJobs(ports, { job: job.id });
    };
    const end = await Promise.race([died, retry(at)]);
    await new Promise(setImmediate);
    if ((await world.record(job))?.state === 'failed') await retry();
    const due = world.scheduled.shift();
    await world.deliver(due?.job);
    world.deadLetters.length = 0;
    await expectDone(world, job, older.root.digest);
    return end === 'died';
  });
});
