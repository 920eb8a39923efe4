import { expect, test } from 'vitest';
import { RegistryError, TransportError } from '../../../shared/errors.ts';
import type { ImportJob } from '../../../shared/imports/index.ts';
import { image, multiPlatform } from '../../helpers/memory-content.ts';
import { type AtMoment, failing, mortal, World } from '../../helpers/memory-jobs.ts';

const older = image('app 1');
const newer = multiPlatform('app 2', ['linux/amd64', 'linux/arm64']);

/** Runs a worker that dies at its `n`-th moment. `false` when it was done before. */
async function dies(world: World, job: ImportJob, n: number): Promise<boolean> {
  const { at, died } = mortal(n);
  const outcome = await Promise.race([died, world.run(job, {}, at)]);
  await new Promise(setImmediate);
  return outcome === 'died';
}

/** Delivers a message as the broker does: again after each failure, until it is completed. */
async function deliver(world: World, job: ImportJob, firstDelivery = 1, at?: AtMoment): Promise<void> {
  for (let deliveryCount = firstDelivery; deliveryCount <= 10; deliveryCount += 1) {
    const done = await world.run(job, { deliveryCount }, at).then(
      () => true,
      () => false,
    );
    if (done) return;
  }
  throw new Error('The broker gave up on the message.');
}

async function expectDone(world: World, job: ImportJob, digest: string): Promise<void> {
  expect(world.tag).toBe(digest);
  expect(world.ledger).not.toHaveProperty('leaseOwner');
  expect(world.scheduled).toEqual([]);
  expect(world.setAside).toEqual([]);
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
    await deliver(world, job, 2);
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
    await deliver(world, job, 3);
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
    await deliver(world, other);
    await deliver(world, mourned, 2);
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
])('any one call may fail %s: redelivery puts it right', async (_, error) => {
  await atEveryMoment(async (n) => {
    const world = new World();
    const job = world.job(newer, 1);
    let failed = false;
    const at = failing(n, error);
    await deliver(world, job, 1, async (moment) => {
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

test('a crash while a job is put off or set aside loses nothing', async () => {
  for (const [code, kept] of [
    ['E_RATE_LIMITED', 'scheduled'],
    ['E_DENIED', 'setAside'],
  ] as const) {
    await atEveryMoment(async (n) => {
      const refusal = new RegistryError(code, 'no', { status: 429, retryAfterMs: 5000 });
      const before = () => {
        throw refusal;
      };
      const world = new World({ source: { before } });
      const job = world.job(older, 1);
      const died = await dies(world, job, n);
      if (died) await world.run(job, { deliveryCount: 2 });
      expect(world[kept].length).toBeGreaterThan(0);
      expect(await world.record(job)).toMatchObject({
        state: code === 'E_DENIED' ? 'failed' : 'queued',
        errorCode: code,
      });
      return died;
    });
  }
});
