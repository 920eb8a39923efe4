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
  const reading = Array.fromAsync(rangesAhead(3 * MIB, 44 * MIB, fetchRange));
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
    [3, 8],
    [11, 8],
    [19, 8],
    [27, 8],
    [35, 8],
    [43, 4],
  ]);
  expect(most).toBe(3);
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
  expect(signals).toHaveLength(3);
  expect(signals.every(({ aborted }) => aborted)).toBe(true);
});

it('is for long reads only', () => {
  expect([isLong(16 * MIB), isLong(16 * MIB + 1)]).toEqual([false, true]);
});
