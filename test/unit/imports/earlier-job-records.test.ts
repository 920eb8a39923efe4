import { expect, test } from 'vitest';
import { findJob, type ImportJob, queuedRecord, retryJobs } from '../../../shared/imports/index.ts';
import { resendJob } from '../../../shared/imports/overdue-jobs.ts';
import { image } from '../../helpers/memory-content.ts';
import { World } from '../../helpers/memory-jobs.ts';

/** A job whose record is where the version before kept it. */
async function setUp(state: 'queued' | 'failed' = 'queued') {
  const world = new World();
  const job = world.job(image('app'), 1);
  const record = { ...queuedRecord(job, new Date(0)), state, attempts: 2, failures: 2 };
  await world.jobs.update({ partition: job.id.slice(0, 2), row: job.id }, () => record);
  const keys = () => Object.keys(world.jobs.contents());
  return { world, job, record, keys };
}

const keyOf = ({ id }: ImportJob) => `mirror.test/app/${id}`;

test('a job is found there', async () => {
  const { world, job, record } = await setUp();
  expect(await findJob(world.jobs, job)).toEqual(record);
});

test('a worker goes on with it, and there is one record', async () => {
  const { world, job, keys } = await setUp();
  await world.run(job);
  expect(await world.record(job)).toMatchObject({ state: 'succeeded', attempts: 3 });
  expect(keys()).toEqual([keyOf(job)]);
});

test('it can be retried by its id', async () => {
  const { world, job, keys } = await setUp('failed');
  const { queue } = world.worker();
  const now = () => new Date(world.time);
  expect(await retryJobs({ jobs: world.jobs, queue, now }, { job: job.id })).toEqual([job]);
  await world.deliver(world.scheduled.shift()?.job);
  expect(await world.record(job)).toMatchObject({ state: 'succeeded' });
  expect(keys()).toEqual([keyOf(job)]);
});

test('one that a later record stands beside goes when it is looked for as missing', async () => {
  const { world, job, record, keys } = await setUp();
  await world.run(job);
  await world.jobs.update({ partition: job.id.slice(0, 2), row: job.id }, () => record);
  const ports = { jobs: world.jobs, queue: { send: async () => {} }, now: () => new Date(world.time) };
  expect(await resendJob(record, ports)).toBe(false);
  expect(keys()).toEqual([keyOf(job)]);
});
