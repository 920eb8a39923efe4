import { expect, it, vi } from 'vitest';
import { ExpiringCache, type Fetched } from '../../../../shared/registry/auth/expiring-cache.ts';
import { FakeTiming } from '../client-under-test.ts';

function cacheOf(fetch: (key: string) => Promise<Fetched<string>>) {
  const timing = new FakeTiming();
  return { timing, cache: new ExpiringCache(fetch, timing) };
}

const numbered = (lifeMs: number) => {
  let count = 0;
  return vi.fn(async () => {
    count += 1;
    return { value: `t${count}`, lifeMs };
  });
};

it('keeps a token until shortly before it ends', async () => {
  const { cache, timing } = cacheOf(numbered(300_000));
  expect(await cache.get('a')).toBe('t1');
  timing.pass(269_000);
  expect(await cache.get('a')).toBe('t1');
  timing.pass(2_000);
  expect(await cache.get('a')).toBe('t2');
});

it('uses at least three quarters of a short life', async () => {
  const { cache, timing } = cacheOf(numbered(8_000));
  await cache.get('a');
  timing.pass(5_900);
  expect(await cache.get('a')).toBe('t1');
  timing.pass(200);
  expect(await cache.get('a')).toBe('t2');
});

it('asks once for callers that come together, and apart for other scopes', async () => {
  const fetch = numbered(60_000);
  const { cache } = cacheOf(fetch);
  await Promise.all([cache.get('a'), cache.get('a'), cache.get('b'), cache.get('a')]);
  expect(fetch.mock.calls).toEqual([['a'], ['b']]);
});

it('lets one caller give up without disturbing the others', async () => {
  const { promise, resolve } = Promise.withResolvers<Fetched<string>>();
  const { cache } = cacheOf(() => promise);
  const controller = new AbortController();
  const impatient = cache.get('a', controller.signal);
  const patient = cache.get('a', new AbortController().signal);
  controller.abort(new Error('enough'));
  await expect(impatient).rejects.toThrow('enough');
  resolve({ value: 't', lifeMs: 60_000 });
  expect(await patient).toBe('t');
});

it('does not keep a failure', async () => {
  const fetch = vi
    .fn()
    .mockRejectedValueOnce(new Error('down'))
    .mockResolvedValue({ value: 't', lifeMs: 1_000 });
  const { cache } = cacheOf(fetch);
  await expect(cache.get('a')).rejects.toThrow('down');
  expect(await cache.get('a')).toBe('t');
});

it('forgets a refused token, but not the one that took its place', async () => {
  const { cache } = cacheOf(numbered(60_000));
  await cache.get('a');
  cache.forget('a', 't1');
  expect(await cache.get('a')).toBe('t2');
  cache.forget('a', 't1');
  expect(await cache.get('a')).toBe('t2');
});
