import { describe, expect, it, test } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import {
  createImportJob,
  isJobExpired,
  isUploadExpired,
  JOB_STATES,
  type JobRecord,
  jobKey,
  queuedRecord,
  type UploadRecord,
} from '../../../shared/imports/index.ts';
import { image } from '../../helpers/memory-content.ts';
import { World } from '../../helpers/memory-jobs.ts';

const BEFORE = new Date('2026-05-01T00:00:00Z');
const OLD = '2026-04-30T23:59:59.999Z';
const YOUNG = '2026-05-01T00:00:00.000Z';

const queued = queuedRecord(
  createImportJob({
    source: 'docker.io/library/node',
    digest: digestOf('node'),
    target: 'acme.azurecr.io/base/node:22',
    platforms: [],
    observedAt: '2026-01-01T00:00:00.000Z',
    reason: 'test',
  }),
  new Date('2026-01-01T00:00:00Z'),
);

describe('the record of a job', () => {
  const ended = (state: JobRecord['state'], finishedAt = OLD): JobRecord => ({
    ...queued,
    state,
    finishedAt,
  });
  const neither = { isCurrent: false, isObsolete: false };

  it.each([
    ['that succeeded long ago', ended('succeeded'), neither, true],
    ['that had nothing to do long ago', ended('unchanged'), neither, true],
    ['that succeeded since', ended('succeeded', YOUNG), neither, false],
    ['whose end nobody wrote down', { ...queued, state: 'succeeded' as const }, neither, false],
    ['that made the current copy', ended('succeeded'), { isCurrent: true, isObsolete: false }, false],
    ['that was given up and may be tried again', ended('failed'), neither, false],
    [
      'that was given up and that nobody would do again',
      ended('failed'),
      { isCurrent: false, isObsolete: true },
      true,
    ],
    [
      'that was given up since, and that nobody would do again',
      ended('failed', YOUNG),
      { isCurrent: false, isObsolete: true },
      false,
    ],
    ['that was given up and is current', ended('failed'), { isCurrent: true, isObsolete: true }, false],
  ])('%s', (_, record, standing, isPast) => {
    expect(isJobExpired(record, standing, BEFORE)).toBe(isPast);
  });

  it.each(JOB_STATES.filter((state) => !['succeeded', 'unchanged', 'failed'].includes(state)))(
    'stays while it is %s, whatever else is known',
    (state) => {
      for (const record of [{ ...queued, state }, ended(state)])
        expect(isJobExpired(record, { isCurrent: false, isObsolete: true }, BEFORE)).toBe(false);
    },
  );
});

describe('the record of an upload', () => {
  const kept = (keptAt: string): UploadRecord => ({
    upload: { location: 'https://acme.azurecr.io/v2/upload', offset: 1, size: 2, chunkBytes: 1, keptAt },
  });
  it.each([
    ['that nobody went on with', kept(OLD), true],
    ['that was written down since', kept(YOUNG), false],
    ['whose worker died long ago', { leaseOwner: 'a', leaseUntil: OLD, ...kept(OLD) }, true],
    ['that somebody is at work on', { leaseOwner: 'a', leaseUntil: YOUNG, ...kept(OLD) }, false],
    ['that was over, or never began, long ago', { leaseOwner: 'a', leaseUntil: OLD }, true],
    ['of which nothing is known', {}, true],
  ])('%s', (_, record, isPast) => {
    expect(isUploadExpired(record, BEFORE)).toBe(isPast);
  });
});

test('a message that is delivered once more after its record was removed changes nothing', async () => {
  const world = new World();
  const older = world.job(image('app 1'), 1);
  const newer = world.job(image('app 2'), 2);
  await world.deliver(older);
  await world.deliver(newer);
  const { tag, ledger } = world;
  for (const job of [older, newer]) await world.jobs.remove(jobKey(job));

  await world.deliver(newer);
  await world.deliver(older);
  expect(world.tag).toBe(tag);
  expect(world.ledger).toEqual(ledger);
  expect(world.target.tagMoves).toHaveLength(2);
  expect([await world.record(older), await world.record(newer)]).toMatchObject([
    { state: 'unchanged' },
    { state: 'unchanged' },
  ]);
  expect([world.scheduled, world.deadLetters]).toEqual([[], []]);
});
