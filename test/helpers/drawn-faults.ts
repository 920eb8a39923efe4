import { chance } from './fault-proxy-chance.ts';
import { type Fault, WAYS_TO_FAIL } from './faulty-process.ts';
import { DELIVERY_STYLES, type DeliveryStyle } from './redelivering-queue.ts';

/** So many faults of any kind, anywhere in a story of so many operations, and a style of delivery: the same for a seed. */
export function drawnFaults(
  seed: number,
  count: number,
  operations: number,
): { readonly planned: readonly Fault[]; readonly style: DeliveryStyle } {
  const below = (end: number, ...what: readonly (string | number)[]) =>
    Math.floor(chance(seed, ...what) * end);
  const planned = Array.from({ length: count }, (_, at): Fault => {
    const way = WAYS_TO_FAIL[below(WAYS_TO_FAIL.length, 'way', at)];
    return { when: 'before', how: 'fails', ...way, nth: 1 + below(operations, 'nth', at) };
  });
  return { planned, style: DELIVERY_STYLES[below(DELIVERY_STYLES.length, 'style')] ?? 'in order' };
}
