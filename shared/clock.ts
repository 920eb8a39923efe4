import { setTimeout as sleep } from 'node:timers/promises';

/** Time and chance, passed to what depends on them, so that a test can move time and fix chance. */
export interface Clock {
  now(): Date;
  /** From 0 up to, not including, 1. */
  random(): number;
  /** Resolves after `ms`. @throws the signal's reason when that is aborted before */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  random: Math.random,
  async wait(ms, signal) {
    try {
      await sleep(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
