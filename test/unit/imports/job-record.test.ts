import { expect, test } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import {
  createImportJob,
  isFinished,
  JOB_STATES,
  jobKey,
  jobRecordSchema,
  queuedRecord,
} from '../../../shared/imports/index.ts';
import { deferred, finished, progressed, revived, started } from '../../../shared/imports/job-record.ts';

const job = createImportJob({
  source: 'docker.io/library/node',
  digest: digestOf('node'),
  target: 'acme.azurecr.io/base/node:22',
  platforms: [],
  observedAt: '2026-04-01T00:00:00.000Z',
  reason: 'test',
});
const at = (minute: number) => new Date(Date.UTC(2026, 4, 1, 0, minute));
const queued = queuedRecord(job, at(0));
const running = started(queued, job, at(1));
const succeeded = finished(running, { state: 'succeeded', detail: 'copied' }, at(2));
const unchanged = finished(running, { state: 'unchanged', detail: 'right already' }, at(2));
const setback = { detail: 'no', errorCode: 'E_DENIED', failures: 3 };
const failed = finished(running, { state: 'failed', ...setback }, at(2));

test('a job is queued, runs and ends', () => {
  expect(queued).toMatchObject({ ...job, state: 'queued', attempts: 0 });
  expect(running).toMatchObject({ state: 'running', attempts: 1, startedAt: at(1).toISOString() });
  expect(succeeded).toMatchObject({ state: 'succeeded', detail: 'copied', finishedAt: at(2).toISOString() });
  for (const record of [queued, running, succeeded, failed])
    expect(jobRecordSchema.parse(record)).toEqual(record);
});

test('a job whose record was never written starts with one', () => {
  expect(started(undefined, job, at(1))).toEqual({ ...running, queuedAt: at(1).toISOString() });
});

test('a job that starts again forgets how it ended before', () => {
  const again = started(failed, job, at(3));
  expect(again).toEqual({ ...running, attempts: 2, startedAt: at(3).toISOString() });
});

test('a repeat that finds nothing to do does not hide that the job was done, or when', () => {
  for (const done of [succeeded, unchanged]) {
    const again = started(done, job, at(3));
    expect(again).toEqual({ ...done, attempts: 2 });
    expect(finished(again, { state: 'unchanged', detail: 'right already' }, at(4))).toBe(again);
  }
});

test('a repeat that changes something is news', () => {
  const again = started(succeeded, job, at(3));
  const repaired = { state: 'succeeded', detail: 'copied again' } as const;
  expect(finished(again, repaired, at(4))).toMatchObject(repaired);
});

test('what is done stays done, however another worker that had the same message failed', () => {
  for (const done of [succeeded, unchanged]) {
    expect(finished(done, { state: 'failed', ...setback }, at(4))).toBe(done);
    expect(deferred(done, setback)).toBe(done);
  }
});

test('back in the queue a job says why and is not finished', () => {
  const waits = deferred(failed, setback);
  expect(waits).toMatchObject({ state: 'queued', ...setback });
  expect(waits).not.toHaveProperty('finishedAt');
});

test('failed tries are counted on until a success, or until the job is given up', () => {
  const retried = deferred(running, setback);
  expect(started(retried, job, at(3))).toMatchObject({ state: 'running', failures: 3 });
  expect(failed).toMatchObject({ state: 'failed', failures: 3 });
  expect(started(failed, job, at(3))).toMatchObject({ state: 'running', failures: 0 });
});

test('a success leaves no failures and no error code behind', () => {
  const after = finished(deferred(running, setback), { state: 'succeeded', detail: 'copied' }, at(2));
  expect(after).toMatchObject({ failures: 0 });
  expect(after).not.toHaveProperty('errorCode');
});

test('a failed job that is queued again is as good as new', () => {
  if (!failed) throw new Error('There is no failed record.');
  const again = revived(failed, failed);
  expect(again).toEqual({ ...running, state: 'queued', detail: 'queued again by hand' });
  const begun = started(failed, job, at(3));
  const failedAnew = finished(begun, { state: 'failed', ...setback }, at(4));
  for (const current of [begun, failedAnew, succeeded, undefined])
    expect(revived(current, failed)).toBe(current);
});

test('a record from before failures were counted has none', () => {
  const { failures: _, ...old } = queued;
  expect(jobRecordSchema.parse(old)).toEqual(queued);
});

test('progress is written only while the job runs', () => {
  const numbers = { bytesTotal: 10, bytesDone: 5 };
  expect(progressed(running, { ...numbers, ...{ blobsDone: 1 } })).toEqual({ ...running, ...numbers });
  for (const record of [queued, succeeded, failed, undefined])
    expect(progressed(record, numbers)).toBe(record);
});

test('a record that was removed meanwhile is not made again', () => {
  expect(finished(undefined, { state: 'succeeded', detail: '' }, at(1))).toBeUndefined();
  expect(deferred(undefined, setback)).toBeUndefined();
});

test('only three states are final', () => {
  const final = JOB_STATES.filter((state) => isFinished({ ...queued, state }));
  expect(final).toEqual(['succeeded', 'unchanged', 'failed']);
});

test('the records of the jobs of a target repository are in one partition', () => {
  expect(jobKey(job)).toEqual({ partition: job.target.slice(0, job.target.lastIndexOf(':')), row: job.id });
});
