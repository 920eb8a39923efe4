import { expect, it } from 'vitest';
import { ttlMemo } from '../../shared/ttl-memo.ts';

it('makes a thing for all who ask meanwhile, and anew when it was kept long enough; failures are kept for less', async () => {
  let time = 0;
  let made = 0;
  let isBroken = false;
  const get = ttlMemo(
    async () => {
      made += 1;
      if (isBroken) throw new Error('away');
      return made;
    },
    { ttlMs: 1_000, failureTtlMs: 100 },
    () => time,
  );
  expect(await Promise.all([get(), get()])).toEqual([1, 1]);
  time = 999;
  expect(await get()).toBe(1);

  isBroken = true;
  time = 1_000;
  await expect(get()).rejects.toThrow('away');
  time = 1_099;
  await expect(get()).rejects.toThrow('away');
  expect(made).toBe(2);
  isBroken = false;
  time = 1_100;
  expect(await get()).toBe(3);
});
