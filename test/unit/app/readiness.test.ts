import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkReadiness } from '../../../shared/app/readiness.ts';

describe('readiness', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has one check for each probe, in their order, and says how long the answer took', async () => {
    const checks = checkReadiness({
      tables: () => new Promise((resolve) => setTimeout(resolve, 30)),
      queue: async () => {},
    });
    await vi.advanceTimersByTimeAsync(30);
    expect(await checks).toEqual([
      { name: 'tables', ok: true, detail: 'answered in 30 ms' },
      { name: 'queue', ok: true, detail: 'answered in 0 ms' },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('names the probe that fails, with the reason and its cause, while others are fine', async () => {
    const reason = new Error('the queue cannot be reached', { cause: new Error('connect ECONNREFUSED') });
    const checks = await checkReadiness({
      tables: async () => {},
      queue: () => Promise.reject(reason),
    });
    expect(checks).toMatchObject([
      { name: 'tables', ok: true },
      { name: 'queue', ok: false, detail: 'the queue cannot be reached: connect ECONNREFUSED' },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['throws before it waits', new Error('at once'), 'at once'],
    ['throws what is no error', 'a string', 'a string'],
    ['throws undefined', undefined, 'undefined'],
  ])('does not throw for a probe that %s', async (_, thrown, detail) => {
    const probe = () => {
      throw thrown;
    };
    expect(await checkReadiness({ odd: probe })).toEqual([{ name: 'odd', ok: false, detail }]);
  });

  it('waits five seconds for a probe that heeds no signal, and not longer', async () => {
    const checks = checkReadiness({ silent: () => new Promise(() => {}), queue: async () => {} });
    const settled = vi.fn();
    void checks.then(settled);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await checks).toMatchObject([
      { name: 'silent', ok: false, detail: 'silent did not answer within 5 s.' },
      { name: 'queue', ok: true },
    ]);
  });

  it('aborts what has not answered in time; its late failure goes nowhere', async () => {
    const probe = vi.fn(
      (signal: AbortSignal) =>
        new Promise<void>((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted late')));
        }),
    );
    const checks = checkReadiness({ slow: probe });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await checks).toEqual([{ name: 'slow', ok: false, detail: 'slow did not answer within 5 s.' }]);
    expect(probe.mock.calls[0]?.[0].aborted).toBe(true);
  });

  it('is met where there is nothing to ask', async () => {
    expect(await checkReadiness({})).toEqual([]);
  });
});
