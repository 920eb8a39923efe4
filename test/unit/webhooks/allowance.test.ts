import { expect, it } from 'vitest';
import {
  createAllowance,
  type MinuteAllowance,
  QUESTIONS_PER_MINUTE,
} from '../../../shared/webhooks/allowance.ts';
import { gatherCalls } from '../../../shared/webhooks/gather.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';

it('several workers together ask a registry no more than so much in a minute, and again in the next', async () => {
  const records = createMemoryRecords<MinuteAllowance>();
  const clock = { now: new Date('2026-03-01T12:00:10Z') };
  const workers = Array.from({ length: 4 }, () => createAllowance(records, () => clock.now));
  const takeAll = async () => {
    const counts = await Promise.all(
      Array.from({ length: 400 }, (_, at) => workers[at % 4]?.take('docker.io', 1) ?? 0),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  };
  expect(await takeAll()).toBe(QUESTIONS_PER_MINUTE);
  expect(await workers[0]?.take('quay.io', 5)).toBe(5);
  clock.now = new Date('2026-03-01T12:01:00Z');
  expect(await takeAll()).toBe(QUESTIONS_PER_MINUTE);
});

it('what was not used is there for the next', async () => {
  const allowance = createAllowance(createMemoryRecords(), () => new Date('2026-03-01T12:00:10Z'));
  expect(await allowance.take('docker.io', 1_000)).toBe(QUESTIONS_PER_MINUTE);
  expect(await allowance.take('docker.io', 1)).toBe(0);
  allowance.giveBack('docker.io', 3);
  expect(await allowance.take('docker.io', 10)).toBe(3);
});

it('calls for one key that come while one is under way become one call', async () => {
  const calls: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const gather = gatherCalls(async (key: string, items: readonly number[]) => {
    calls.push(`${key} ${items.join(',')}`);
    await gates[calls.length - 1]?.promise;
    return items.length;
  });
  const first = gather('a', [1]);
  await expect.poll(() => calls.length).toBe(1);
  const others = [gather('a', [2]), gather('a', [3]), gather('a', [4])];
  gates[0]?.resolve();
  gates[1]?.resolve();
  expect(await first).toBe(1);
  expect(await Promise.all(others)).toEqual([3, undefined, undefined]);
  expect(calls).toEqual(['a 1', 'a 2,3,4']);
});

it('when a shared call fails all of its callers fail, and the next one is made', async () => {
  let isBroken = true;
  const gather = gatherCalls(async (_: string, items: readonly number[]) => {
    if (isBroken) throw new Error('broken');
    return items.length;
  });
  const results = await Promise.allSettled([gather('a', [1]), gather('a', [2])]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isBroken = false;
  expect(await gather('a', [3])).toBe(1);
});
