import { expect, test } from 'vitest';
import {
  createRecordedQueue,
  type ImportJob,
  type JobRecord,
  jobKey,
} from '../../../shared/imports/index.ts';
import { image } from '../../helpers/memory-content.ts';
import { World } from '../../helpers/memory-jobs.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';

const job = new World().job(image('app'), 1);
const now = () => new Date('2026-05-01T00:00:00Z');

test('a job has its record before it is sent', async () => {
  const records = createMemoryRecords<JobRecord>();
  const found: unknown[] = [];
  const queue = createRecordedQueue(
    {
      send: async ([sent]: readonly ImportJob[]) =>
        void found.push(sent && (await records.get(jobKey(sent)))),
      sendAt: async () => {},
    },
    records,
    now,
  );
  await queue.send([job]);
  expect(found).toMatchObject([{ id: job.id, state: 'queued', queuedAt: now().toISOString() }]);
});

test('sending a job again leaves its record alone', async () => {
  const world = new World();
  await world.run(job).catch(() => {});
  const before = await world.record(job);
  const queue = createRecordedQueue({ send: async () => {}, sendAt: async () => {} }, world.jobs, now);
  await queue.send([job]);
  expect(await world.record(job)).toEqual(before);
});
