import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryDelayMs, slowRetryDelayMs } from '../../../shared/imports/retry-delay.ts';

test('the wait doubles from 15 seconds up to an hour', () => {
  const seconds = [1, 2, 3, 4, 8, 9, 24].map((failures) => retryDelayMs(failures, () => 0) / 1000);
  expect(seconds).toEqual([15, 30, 60, 120, 1920, 3600, 3600]);
});

test('chance takes off at most a tenth', () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), chance, (failures, random) => {
      const longest = retryDelayMs(failures, () => 0);
      const delay = retryDelayMs(failures, () => random);
      expect(delay).toBeLessThanOrEqual(longest);
      expect(delay).toBeGreaterThanOrEqual(longest * 0.9);
    }),
  );
});

test('what was denied is tried again after 20 minutes, less up to a tenth', () => {
  expect([0, 1].map((random) => slowRetryDelayMs(() => random) / 60_000)).toEqual([20, 18]);
});
