import { expect, it } from 'vitest';
import { type JobRecord, type JobState, jobKey, jobStatus } from '../../../shared/imports/index.ts';
import { importJob } from '../../contract/describe-job-queue.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const MINUTE_MS = 60_000;

/** Jobs as they were written at those times; how often records were read is counted. */
async function jobsWritten(...written: readonly { tag: string; state: JobState; minutesAgo: number }[]) {
  let time = NOW;
  const jobs = createMemoryRecords<JobRecord>({ now: () => new Date(time) });
  for (const { tag, state, minutesAgo } of written) {
    time = NOW - minutesAgo * MINUTE_MS;
    const { platforms, ...job } = importJob(tag);
    const record: JobRecord = {
      ...job,
      ...{ platforms: [...platforms], state, attempts: 1, failures: 0, bytesTotal: 0, bytesDone: 0 },
      queuedAt: new Date(time).toISOString(),
    };
    await jobs.update(jobKey(job), () => record);
  }
  return jobs;
}

const tagsOf = ({ jobs }: { readonly jobs: readonly JobRecord[] }) =>
  jobs.map(({ target }) => target.slice(target.lastIndexOf(':') + 1));

it('lists the latest jobs first, of all states or of one, and counts each state', async () => {
  const jobs = await jobsWritten(
    { tag: 'a', state: 'failed', minutesAgo: 100 * 24 * 60 },
    { tag: 'b', state: 'succeeded', minutesAgo: 60 },
    { tag: 'c', state: 'running', minutesAgo: 2 },
    { tag: 'd', state: 'succeeded', minutesAgo: 1 },
  );
  const all = await jobStatus(jobs, { limit: 10 }, new Date(NOW));
  expect(tagsOf(all)).toEqual(['d', 'c', 'b', 'a']);
  expect(all.counts).toEqual({ queued: 0, running: 1, succeeded: 2, unchanged: 0, held: 0, failed: 1 });
  expect(all.countedInPart).toEqual([]);
  expect(tagsOf(await jobStatus(jobs, { limit: 2 }, new Date(NOW)))).toEqual(['d', 'c']);
  expect(tagsOf(await jobStatus(jobs, { limit: 1, state: 'failed' }, new Date(NOW)))).toEqual(['a']);
  expect(tagsOf(await jobStatus(jobs, { limit: 0 }, new Date(NOW)))).toEqual([]);
});

it('reads no job that is older than the ones it lists', async () => {
  const jobs = await jobsWritten(
    { tag: 'old', state: 'succeeded', minutesAgo: 30 },
    { tag: 'new', state: 'succeeded', minutesAgo: 3 },
  );
  const read: (Date | undefined)[] = [];
  const watched: typeof jobs = {
    ...jobs,
    search: (filter, limit) => {
      read.push(filter.writtenSince);
      return jobs.search(filter, limit);
    },
  };
  expect(tagsOf(await jobStatus(watched, { limit: 1 }, new Date(NOW)))).toEqual(['new']);
  expect(read).toEqual([new Date(NOW - 10 * MINUTE_MS)]);
});

it('stops counting a state at a thousand, and says so', async () => {
  const jobs = createMemoryRecords<JobRecord>();
  const counted: typeof jobs = {
    ...jobs,
    count: async ({ equals }, max) => (equals?.state === 'succeeded' ? max : 3),
  };
  const { counts, countedInPart } = await jobStatus(counted, { limit: 0 }, new Date(NOW));
  expect(counts).toMatchObject({ succeeded: 1_000, failed: 3 });
  expect(countedInPart).toEqual(['succeeded']);
});
