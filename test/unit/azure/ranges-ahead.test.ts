import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type FetchRange, isLong, rangesAhead } from '../../../shared/azure/ranges-ahead.ts';

const MIB = 1024 * 1024;

it('gives ranges in order, however they arrive, and fetches a bounded number of them ahead', async () => {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  let most = 0;
  const fetchRange: FetchRange = async (offset, length) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise<void>((resolve) => waiting.push(resolve));
    underWay -= 1;
    return (async function* () {
      yield Buffer.alloc(length, offset / MIB);
    })();
  };
  const reading = Array.fromAsync(rangesAhead(3 * MIB, 22 * MIB, fetchRange));
  let done = false;
  void reading.then(() => {
    done = true;
  });
  while (!done) {
    waiting.pop()?.();
    await setImmediate();
  }
  const pieces = await reading;
  expect(pieces.map((piece) => [piece[0], piece.byteLength / MIB])).toEqual([
    [3, 4],
    [7, 4],
    [11, 4],
    [15, 4],
    [19, 4],
    [23, 2],
  ]);
  expect(most).toBe(4);
});

it('ends with the first failure, and ends the fetches under way when it is left', async () => {
  const signals: AbortSignal[] = [];
  const fetchRange: FetchRange = async (offset, _length, signal) => {
    signals.push(signal);
    if (offset === 0) throw new Error('broken');
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    throw new Error('was not aborted');
  };
  await expect(Array.fromAsync(rangesAhead(0, 40 * MIB, fetchRange))).rejects.toThrow('broken');
  expect(signals).toHaveLength(4);
  expect(signals.every(({ aborted }) => aborted)).toBe(true);
});

it('is for long reads only', () => {
  expect([isLong(8 * MIB), isLong(8 * MIB + 1)]).toEqual([false, true]);
});
