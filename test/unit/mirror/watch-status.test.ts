import { expect, it } from 'vitest';
import { type JobRecord, jobKey } from '../../../shared/imports/index.ts';
import {
  importJobIdOf,
  type Observation,
  type PollState,
  parseRepositoryPattern,
  type WatchPattern,
  type WatchRecord,
} from '../../../shared/mirror/index.ts';
import { watchStatus } from '../../../shared/mirror/watch-status.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';
import { createWatch, digest, SOURCE, TARGET } from './fixtures.ts';

const AT = '2026-03-01T12:00:00.000Z';

function observation(tag: string): Observation {
  return {
    ...{ target: `${TARGET}:${tag}`, source: SOURCE, digest: digest(tag) },
    ...{ platforms: [], observedAt: AT, queued: true },
  };
}

function jobFor(seen: Observation, state: JobRecord['state']): JobRecord {
  const { queued: _, ...job } = seen;
  return {
    ...{ ...job, platforms: [...job.platforms], id: importJobIdOf(seen), reason: 'new tag', state },
    ...{ attempts: 1, failures: 0, bytesTotal: 0, bytesDone: 0, queuedAt: AT },
    ...(state === 'succeeded' && { finishedAt: AT }),
  };
}

function createParts({ paused = false } = {}) {
  const asked: string[] = [];
  const at = ({ operation, phase, name }: { operation: string; phase: string; name: string }) => {
    if (phase === 'start') asked.push(`${operation} ${name}`);
  };
  const jobs = createMemoryRecords<JobRecord>({ at });
  const observations = createMemoryRecords<Observation>();
  const watches = createMemoryRecords<WatchRecord>();
  const polls = createMemoryRecords<PollState>();
  const { source: _source, targets: _targets, ...rest } = createWatch();
  const pattern: WatchPattern = {
    ...{ ...rest, name: 'apps', paused, source: parseRepositoryPattern('harbor.corp/apps/*') },
    targets: [parseRepositoryPattern('acme.azurecr.io/apps/*')],
  };
  const current = { seen: async () => [{ ...createWatch({ include: ['*'] }), paused }] };
  const config = { patterns: [pattern] };
  const now = () => new Date('2026-03-01T13:00:00.000Z');
  const status = watchStatus({ config, current, watches, polls, observations, jobs, now });
  return { jobs, observations, watches, polls, status, asked };
}

it('freshness asks only for the jobs of what was seen last, and for those that are over once', async () => {
  const { jobs, observations, status, asked } = createParts();
  for (const tag of ['20', '22']) {
    const seen = observation(tag);
    await observations.update({ partition: TARGET, row: tag }, () => seen);
    const job = jobFor(seen, tag === '20' ? 'succeeded' : 'running');
    await jobs.update(jobKey(job), () => job);
  }
  // Of an earlier observation.
  const old = jobFor(observation('18'), 'succeeded');
  await jobs.update(jobKey(old), () => old);

  asked.length = 0;
  expect(await status.freshness()).toMatchObject([{ tags: 2, behind: [{ behind: { why: 'importing' } }] }]);
  expect(asked).toHaveLength(2);
  asked.length = 0;
  await status.freshness();
  const { partition, row } = jobKey(jobFor(observation('22'), 'running'));
  expect(asked).toEqual([`get ${partition}/${row}`]);
});

it('a pattern is shown while something is wrong with it', async () => {
  const { watches, status } = createParts();
  const record: WatchRecord = {
    ...{ watch: 'apps', source: 'harbor.corp/apps/*', state: 'denied', reason: 'no', since: AT },
    ...{ polledAt: AT, gone: [], disagreements: [] },
  };
  await watches.update({ partition: 'watches', row: 'apps' }, () => record);
  expect(await status.watches()).toEqual([record]);
  await watches.update({ partition: 'watches', row: 'apps' }, () => ({ ...record, state: 'healthy' }));
  expect(await status.watches()).toEqual([]);
});

it('what is paused says so since its last poll, whatever that found, and is not behind', async () => {
  const { jobs, observations, watches, status } = createParts({ paused: true });
  const seen = observation('22');
  await observations.update({ partition: TARGET, row: '22' }, () => seen);
  const job = jobFor(seen, 'failed');
  await jobs.update(jobKey(job), () => job);
  const never = {
    ...{ state: 'paused', gone: [], disagreements: [] },
    reason: 'Nothing is asked and nothing copied until "paused: true" is taken away.',
  };
  expect(await status.watches()).toEqual([
    { ...never, watch: 'node', source: SOURCE },
    { ...never, watch: 'apps', source: 'harbor.corp/apps/*' },
  ]);
  const record: WatchRecord = {
    ...{ watch: 'node', source: SOURCE, state: 'tags-gone', reason: 'no 20', since: AT },
    ...{ polledAt: '2026-03-01T12:30:00.000Z', gone: [{ tag: '20', since: AT }], disagreements: [] },
  };
  await watches.update({ partition: 'watches', row: 'node' }, () => record);
  const [standing] = await status.watches();
  expect(standing).toEqual({
    ...never,
    ...{ watch: 'node', source: SOURCE, since: record.polledAt, polledAt: record.polledAt },
  });
  expect(await status.freshness()).toEqual([]);
});

it('takes the times of the last poll from its state, where the record had no news', async () => {
  const { watches, polls, status } = createParts();
  const record: WatchRecord = {
    ...{ watch: 'node', source: SOURCE, state: 'healthy', reason: '', since: AT, succeededAt: AT },
    ...{ polledAt: AT, gone: [], disagreements: [] },
  };
  await watches.update({ partition: 'watches', row: 'node' }, () => record);
  const [finishedAt, succeededAt] = ['2026-03-01T12:50:00.000Z', '2026-03-01T12:40:00.000Z'];
  const state: PollState = { lastStartedAt: finishedAt, claim: 'one', finishedAt, succeededAt };
  await polls.update({ partition: 'polls', row: 'node' }, () => state);
  expect(await status.watches()).toEqual([{ ...record, polledAt: finishedAt, succeededAt }]);
});
