import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type Abortable, AbortListeners } from '../../../../shared/registry/http/abort-listeners.ts';

function abortable(onAbort: () => void = () => {}): Abortable {
  return { onAbort, place: -1 };
}

describe('AbortListeners', () => {
  it('tells everything that is under way, by one listener on the signal', () => {
    const { signal, abort } = controlled();
    const listeners = new AbortListeners();
    const told = [vi.fn(), vi.fn(), vi.fn()];
    for (const onAbort of told) listeners.add(signal, abortable(onAbort));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    abort();
    for (const onAbort of told) expect(onAbort).toHaveBeenCalledOnce();
  });

  it('leaves nothing on a signal that outlives what it was given for', () => {
    const { signal } = controlled();
    const listeners = new AbortListeners();
    const [first, second] = [abortable(), abortable()];
    listeners.add(signal, first);
    listeners.add(signal, second);
    listeners.remove(signal, first);
    listeners.remove(signal, second);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('tells all of them when one of them is removed meanwhile', () => {
    const { signal, abort } = controlled();
    const listeners = new AbortListeners();
    const told: string[] = [];
    const first = abortable(() => {
      told.push('first');
      listeners.remove(signal, first);
    });
    listeners.add(signal, first);
    listeners.add(
      signal,
      abortable(() => told.push('second')),
    );
    abort();
    expect(told).toEqual(['first', 'second']);
  });

  it('tells exactly those that were not removed, in whatever order they came and went', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 60 }), (toggled) => {
        const { signal, abort } = controlled();
        const listeners = new AbortListeners();
        const told = new Set<number>();
        const all = Array.from({ length: 10 }, (_, at) => abortable(() => told.add(at)));
        const added = new Set<number>();
        for (const at of toggled) {
          const one = all[at];
          if (!one) continue;
          if (added.delete(at)) {
            listeners.remove(signal, one);
          } else {
            listeners.add(signal, one);
            added.add(at);
          }
        }
        abort();
        expect(told).toEqual(added);
      }),
    );
  });
});

function controlled() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
