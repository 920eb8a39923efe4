import { expect, it } from 'vitest';
import { jobLines } from '../../../../cli/status/job-lines.ts';
import { queuedRecord } from '../../../../shared/imports/index.ts';
import { importJob } from '../../../contract/describe-job-queue.ts';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const counts = { queued: 4, running: 0, succeeded: 0, unchanged: 0, held: 1, failed: 0 };

it('tells a job that is queued from one that is scheduled, dead-lettered, missing or held', () => {
  const job = queuedRecord(importJob('22'), NOW);
  const lines = jobLines(
    counts,
    [],
    [
      { ...job, message: 'queued' },
      { ...job, message: 'scheduled', dueAt: '2026-03-01T13:00:00.000Z' },
      { ...job, message: 'dead-lettered' },
      { ...job, message: 'missing' },
      { ...job, state: 'held', message: 'scheduled', heldUntil: '2026-03-01T13:00:00.000Z' },
      job,
    ],
  );
  expect(lines.slice(3).map((line) => line.split(/ {2,}/)[0])).toEqual([
    'queued',
    'scheduled 2026-03-01 13:00:00Z',
    'dead-lettered',
    'missing',
    'held',
    'queued',
  ]);
});
