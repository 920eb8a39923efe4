import { expect, it } from 'vitest';
import { coalesce, lazy, OncePerKey, ttlMemo } from '../../shared/memo.ts';

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

it('makes something lazy once, and again after a failure', async () => {
  const results = [Promise.reject(new Error('away')), Promise.resolve('made')];
  const get = lazy(() => results.shift() ?? Promise.reject(new Error('made twice')));
  expect(get.peek()).toBeUndefined();
  await expect(get()).rejects.toThrow('away');
  expect(await Promise.all([get(), get(), get.peek()])).toEqual(['made', 'made', 'made']);
});

it.each([
  ['keeps a failure', true, ['failed', 'failed'], 1],
  ['does the work again after a failure', false, ['failed', 'done'], 2],
])('once per key %s', async (_, keepFailures, expected, times) => {
  const once = new OncePerKey<string, string>({ keepFailures });
  let count = 0;
  const run = () =>
    once
      .run('a', async () => {
        count += 1;
        if (count === 1) throw new Error('away');
        return 'done';
      })
      .catch(() => 'failed');
  expect([await run(), await run()]).toEqual(expected);
  expect(count).toBe(times);
});

it('once per key joins the work under way, and does it again when it was forgotten', async () => {
  const once = new OncePerKey<string, number>({ keepFailures: true });
  let count = 0;
  const run = () => once.run('a', async () => (count += 1));
  expect(await Promise.all([run(), run()])).toEqual([1, 1]);
  expect(await once.run('b', async () => 7)).toBe(7);
  expect(once.size).toBe(2);
  once.forget('a');
  expect(await run()).toBe(2);
});

it('calls for one key that come while one is under way become one call', async () => {
  const calls: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const call = coalesce(async (key: string, items: readonly number[]) => {
    calls.push(`${key} ${items.join(',')}`);
    await gates[calls.length - 1]?.promise;
    return items.length;
  });
  const first = call('a', [1]);
  await expect.poll(() => calls.length).toBe(1);
  const others = [call('a', [2]), call('a', [3]), call('a', [4])];
  gates[0]?.resolve();
  gates[1]?.resolve();
  expect(await first).toBe(1);
  expect(await Promise.all(others)).toEqual([3, undefined, undefined]);
  expect(calls).toEqual(['a 1', 'a 2,3,4']);
});

it('when a shared call fails all of its callers fail, and the next one is made', async () => {
  let isBroken = true;
  const call = coalesce(async (_: string, items: readonly number[]) => {
    if (isBroken) throw new Error('broken');
    return items.length;
  });
  const results = await Promise.allSettled([call('a', [1]), call('a', [2])]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isBroken = false;
  expect(await call('a', [3])).toBe(1);
});
