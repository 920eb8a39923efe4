import { expect, it } from 'vitest';
import {
  CHECKS_PER_MINUTE,
  createAllowance,
  type MinuteAllowance,
} from '../../../shared/webhooks/allowance.ts';
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
  expect(await takeAll()).toBe(CHECKS_PER_MINUTE);
  expect(await workers[0]?.take('quay.io', 5)).toBe(5);
  clock.now = new Date('2026-03-01T12:01:00Z');
  expect(await takeAll()).toBe(CHECKS_PER_MINUTE);
});

it('what was not used is there for the next', async () => {
  const allowance = createAllowance(createMemoryRecords(), () => new Date('2026-03-01T12:00:10Z'));
  expect(await allowance.take('docker.io', 1_000)).toBe(CHECKS_PER_MINUTE);
  expect(await allowance.take('docker.io', 1)).toBe(0);
  allowance.giveBack('docker.io', 3);
  expect(await allowance.take('docker.io', 10)).toBe(3);
});
