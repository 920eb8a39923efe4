import type { Socket } from 'node:net';

/**
 * Passes on what one socket says to another, everything as long after it came. Only time is taken: what is under way
 * on a long line is held here, so the line is as wide as the program that reads from it.
 * @param openMs how much longer the first bytes take
 */
export function delayLine(from: Socket, to: Socket, delayMs: number, openMs = 0): void {
  const underWay: { readonly due: number; readonly arrive: () => void }[] = [];
  const notBefore = performance.now() + openMs;
  let isWaiting = false;
  const deliver = () => {
    isWaiting = false;
    for (let next = underWay[0]; next; next = underWay[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) return waitFor(wait);
      underWay.shift();
      next.arrive();
    }
  };
  const waitFor = (ms: number) => {
    isWaiting = true;
    setTimeout(deliver, ms);
  };
  const send = (arrive: () => void) => {
    underWay.push({ due: Math.max(performance.now(), notBefore) + delayMs, arrive });
    if (!isWaiting) waitFor(delayMs);
  };
  from.on('data', (bytes) => send(() => void to.write(bytes)));
  from.on('end', () => send(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => send(() => to.destroySoon()));
}
