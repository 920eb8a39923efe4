import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CopyProgress } from '../../../shared/imports/index.ts';
import { ProgressWriter } from '../../../shared/imports/progress-writer.ts';

const progress = (bytesDone: number): CopyProgress => ({
  bytesTotal: 100,
  bytesDone,
  blobsTotal: 1,
  blobsDone: 0,
});

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 4, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A writer whose writes end when told. */
function writer() {
  const written: number[] = [];
  const ends: (() => void)[] = [];
  const writes = new ProgressWriter(({ bytesDone }) => {
    written.push(bytesDone);
    return new Promise<void>((end) => ends.push(end));
  });
  return { writes, written, end: () => ends.shift()?.() };
}

test('nothing is written in the first second, then at most once a second', async () => {
  const { writes, written, end } = writer();
  writes.report(progress(1));
  await vi.advanceTimersByTimeAsync(999);
  writes.report(progress(2));
  expect(written).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  writes.report(progress(3));
  end();
  await vi.advanceTimersByTimeAsync(999);
  writes.report(progress(4));
  expect(written).toEqual([3]);
  await vi.advanceTimersByTimeAsync(1);
  writes.report(progress(5));
  expect(written).toEqual([3, 5]);
});

test('one write is under way at a time, however long it takes', async () => {
  const { writes, written } = writer();
  await vi.advanceTimersByTimeAsync(1000);
  writes.report(progress(1));
  await vi.advanceTimersByTimeAsync(5000);
  writes.report(progress(2));
  expect(written).toEqual([1]);
});

test('a flush ends with the latest numbers written', async () => {
  const { writes, written, end } = writer();
  await vi.advanceTimersByTimeAsync(1000);
  writes.report(progress(1));
  writes.report(progress(2));
  writes.report(progress(3));
  let flushed = false;
  const flush = writes.flush().then(() => {
    flushed = true;
  });
  end();
  await vi.advanceTimersByTimeAsync(0);
  expect(written).toEqual([1, 3]);
  expect(flushed).toBe(false);
  end();
  await flush;
});

test('a flush with nothing to write writes nothing', async () => {
  const { writes, written } = writer();
  await writes.flush();
  expect(written).toEqual([]);
});

test('the end waits for the write under way, writes nothing more and gives the latest numbers', async () => {
  const { writes, written, end } = writer();
  await vi.advanceTimersByTimeAsync(1000);
  writes.report(progress(1));
  writes.report(progress(2));
  const ended = writes.end();
  end();
  expect(await ended).toEqual(progress(2));
  expect(await writes.end()).toEqual(progress(2));
  expect(written).toEqual([1]);
});

test('a write that fails is forgotten', async () => {
  const write = vi.fn(() => Promise.reject(new Error('no')));
  const writes = new ProgressWriter(write);
  writes.report(progress(1));
  await writes.flush();
  writes.report(progress(2));
  await writes.flush();
  expect(write).toHaveBeenCalledTimes(2);
});
