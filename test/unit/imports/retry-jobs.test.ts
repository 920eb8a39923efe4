import { expect, test } from 'vitest';
import { RecordVersionError, RegistryError } from '../../../shared/errors.ts';
import { type ImportJob, jobKey, queuedRecord, retryJobs } from '../../../shared/imports/index.ts';
import { image } from '../../helpers/memory-content.ts';
import { World } from '../../helpers/memory-jobs.ts';

const app = image('app');

/** Two jobs that failed, and one that waits. */
async function setUp() {
  let isGone = true;
  const before = () => {
    if (isGone) throw new RegistryError('E_NOT_FOUND', 'no', { status: 404 });
  };
  const world = new World({ source: { before } });
  const [first, second, waiting] = [world.job(app, 1), world.job(app, 2), world.job(app, 3)];
  await world.run(first);
  await world.run(second);
  await world.jobs.update(jobKey(waiting), () => queuedRecord(waiting, new Date(world.time)));
  const now = () => new Date(world.time);
  const { queue } = world.worker();
  const retry = (options?: Parameters<typeof retryJobs>[1]) =>
    retryJobs({ jobs: world.jobs, queue, now }, options);
  const cure = () => {
    isGone = false;
  };
  return { world, first, second, waiting, retry, cure };
}

test('every failed job is queued again, for now, and no other', async () => {
  const { world, first, second, waiting, retry } = await setUp();
  const before = await world.record(waiting);
  const queued = await retry();
  expect(queued.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
  expect(world.scheduled).toEqual(queued.map((job) => ({ job, at: new Date(world.time) })));
  for (const job of [first, second]) {
    expect(await world.record(job)).toEqual({
      ...queuedRecord(job, new Date(world.time)),
      attempts: 1,
      startedAt: expect.any(String),
      detail: 'queued again by hand',
    });
  }
  expect(await world.record(waiting)).toEqual(before);
  expect(await retry()).toEqual([]);
});

test('one job can be named; one that did not fail, or is unknown, is left out', async () => {
  const { world, first, second, waiting, retry } = await setUp();
  expect(await retry({ job: waiting.id })).toEqual([]);
  expect(await retry({ job: 'unknown' })).toEqual([]);
  expect(await retry({ job: first.id })).toEqual([first]);
  expect(await world.record(second)).toMatchObject({ state: 'failed' });
});

test('a job that is queued again once the cause is gone succeeds', async () => {
  const { world, first, retry, cure } = await setUp();
  await retry({ job: first.id });
  cure();
  await world.deliver(world.scheduled.shift()?.job);
  expect(world.tag).toBe(app.root.digest);
  expect(await world.record(first)).toMatchObject({ state: 'succeeded', attempts: 2, failures: 0 });
});

test('a worker that is faster than the record keeps what it wrote', async () => {
  const { world, first, cure } = await setUp();
  cure();
  const sendAt = async (job: ImportJob) => void (await world.run(job));
  const now = () => new Date(world.time);
  await retryJobs({ jobs: world.jobs, queue: { sendAt }, now }, { job: first.id });
  expect(await world.record(first)).toMatchObject({ state: 'succeeded', attempts: 2 });
});

test('stopping leaves the rest failed', async () => {
  const { world, retry } = await setUp();
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(retry({ signal })).rejects.toThrow('stopped');
  expect(world.scheduled).toEqual([]);
});

test('a job that a later version wrote does not keep the others from being queued', async () => {
  const { world, first, second } = await setUp();
  const jobs = {
    ...world.jobs,
    async *list() {
      yield* world.jobs.list();
      throw new RecordVersionError('a job', 2, 1);
    },
  };
  const { queue } = world.worker();
  const queued = await retryJobs({ jobs, queue, now: () => new Date(world.time) });
  expect(queued.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
});
