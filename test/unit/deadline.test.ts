import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { untilAborted, withDeadline } from '../../shared/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Fails with the signal's reason, or with `error`, once the signal aborts. */
const heeding = (signal: AbortSignal, error?: Error) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(error ?? signal.reason), { once: true });
  });

describe('work with a deadline', () => {
  it('gives its result when it finishes in time', async () => {
    expect(await withDeadline(1000, 'The vault did not answer', async () => 'secret')).toBe('secret');
  });

  it('fails as it failed when it fails in time', async () => {
    const error = new Error('refused');
    await expect(withDeadline(1000, 'x', () => Promise.reject(error))).rejects.toBe(error);
  });

  it.each([
    [5_000, 'The vault did not answer within 5 s.'],
    [250, 'The vault did not answer within 0.25 s.'],
    [115 * 60_000, 'The vault did not answer within 115 min.'],
  ])('is aborted after %i ms with an error that says so', async (ms, message) => {
    const failed = expect(withDeadline(ms, 'The vault did not answer', heeding)).rejects.toMatchObject({
      code: 'E_TIMEOUT',
      message,
    });
    await vi.advanceTimersByTimeAsync(ms);
    await failed;
  });

  it('keeps the error of a client that reports an abort in its own words as the cause', async () => {
    const cause = new Error('AbortError: the operation was aborted');
    const failed = expect(withDeadline(10, 'x', (signal) => heeding(signal, cause))).rejects.toMatchObject({
      code: 'E_TIMEOUT',
      cause,
    });
    await vi.advanceTimersByTimeAsync(10);
    await failed;
  });

  it('is waited for until it heeds the signal, so that it can put things in order', async () => {
    const settled = vi.fn();
    const tidied = Promise.withResolvers<string>();
    const done = withDeadline(10, 'x', () => tidied.promise).then(settled);
    await vi.advanceTimersByTimeAsync(1000);
    expect(settled).not.toHaveBeenCalled();
    tidied.resolve('late');
    await done;
    expect(settled).toHaveBeenCalledWith('late');
  });

  it('fails with the reason of a caller that aborts, whatever the work then throws', async () => {
    const caller = new AbortController();
    const reason = new Error('no longer wanted');
    const failed = expect(
      withDeadline(1000, 'x', (signal) => heeding(signal, new Error('other')), caller.signal),
    ).rejects.toBe(reason);
    caller.abort(reason);
    await failed;
  });

  it('does not start for a caller that aborted before', async () => {
    const run = vi.fn();
    const reason = new Error('no longer wanted');
    await expect(withDeadline(1000, 'x', run, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(run).not.toHaveBeenCalled();
  });

  it('leaves the signal to the caller once the work is done: a body may stream for longer', async () => {
    const caller = new AbortController();
    const signal = await withDeadline(10, 'x', async (inTime) => inTime, caller.signal);
    await vi.advanceTimersByTimeAsync(1000);
    expect(signal.aborted).toBe(false);
    caller.abort();
    expect(signal.aborted).toBe(true);
  });
});

describe('a promise until a signal aborts', () => {
  it.each([undefined, new AbortController().signal])('gives its outcome when %o does not', async (signal) => {
    expect(await untilAborted(Promise.resolve('value'), signal)).toBe('value');
    await expect(untilAborted(Promise.reject(new Error('refused')), signal)).rejects.toThrow('refused');
  });

  it('is abandoned with the reason of the signal, and its late failure is ignored', async () => {
    const caller = new AbortController();
    const work = Promise.withResolvers<never>();
    const failed = expect(untilAborted(work.promise, caller.signal)).rejects.toThrow('enough');
    caller.abort(new Error('enough'));
    await failed;
    work.reject(new Error('late'));
  });

  it('is not waited for when the signal aborted before', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(untilAborted(Promise.resolve('value'), signal)).rejects.toThrow('enough');
  });
});
