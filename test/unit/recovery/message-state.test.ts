import { expect, it } from 'vitest';
import { type JobState, queuedRecord } from '../../../shared/imports/index.ts';
import { messageStateOf } from '../../../shared/recovery/index.ts';
import { importJob } from '../../contract/describe-job-queue.ts';

const MINUTE_MS = 60_000;
const NOW = new Date('2026-03-01T12:00:00.000Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * MINUTE_MS);
const job = (minutes: number, rest: object = {}) => ({
  ...queuedRecord(importJob('22'), ago(minutes)),
  ...rest,
});
const { id } = importJob('22');
const nowhere = { queued: new Set<string>(), deadLettered: new Set<string>(), isComplete: true };
const inQueue = { ...nowhere, queued: new Set([id]) };

it.each([
  ['a job that was just queued is queued, found or not', job(1), nowhere, 'queued'],
  ['a job in the queue is queued, however long', job(600), inQueue, 'queued'],
  ['an overdue job that is nowhere is missing', job(16), nowhere, 'missing'],
  ['nothing is missing from a queue that is too long', job(16), { ...nowhere, isComplete: false }, 'queued'],
  ['a job for a later time is scheduled', job(600, { dueAt: ago(-5).toISOString() }), inQueue, 'scheduled'],
  [
    'a held job is scheduled',
    job(600, { state: 'held', heldUntil: ago(-5).toISOString() }),
    inQueue,
    'scheduled',
  ],
  [
    'a held job whose time passed long ago is missing',
    job(600, { state: 'held', heldUntil: ago(20).toISOString() }),
    nowhere,
    'missing',
  ],
  [
    'a job that the broker gave up is dead-lettered',
    job(5),
    { ...nowhere, deadLettered: new Set([id]) },
    'dead-lettered',
  ],
  [
    'a job that was sent again since is queued',
    job(5),
    { ...inQueue, deadLettered: new Set([id]) },
    'queued',
  ],
  [
    'a running job has a worker',
    job(600, { state: 'running', startedAt: ago(30).toISOString() }),
    nowhere,
    undefined,
  ],
  [
    'a job whose worker is dead longer than work may take is missing',
    job(600, { state: 'running', startedAt: ago(140).toISOString() }),
    nowhere,
    'missing',
  ],
])('%s', (_, record, locations, expected) => {
  expect(messageStateOf(record, locations, NOW)).toBe(expected);
});

it.each<JobState>(['succeeded', 'unchanged', 'failed'])('a job that is %s waits for nothing', (state) => {
  expect(messageStateOf(job(600, { state }), nowhere, NOW)).toBeUndefined();
});
