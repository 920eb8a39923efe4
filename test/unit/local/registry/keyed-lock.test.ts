import { describe, expect, it } from 'vitest';
import { KeyedLock } from '../../../../local/registry/storage/keyed-lock.ts';

describe('a keyed lock', () => {
  it('runs tasks of one key in turn, also after one that failed', async () => {
    const lock = new KeyedLock();
    const events: string[] = [];
    const task = (name: string, fails = false) =>
      lock.run('a', async () => {
        events.push(`${name} begins`);
        await Promise.resolve();
        events.push(`${name} ends`);
        if (fails) throw new Error(name);
      });
    const [first, second] = await Promise.allSettled([task('first', true), task('second')]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
    expect(events).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it('does not make other keys wait', async () => {
    const lock = new KeyedLock();
    const gate = Promise.withResolvers<void>();
    const held = lock.run('a', () => gate.promise);
    await expect(lock.run('b', async () => 'done')).resolves.toBe('done');
    gate.resolve();
    await held;
  });
});
