/** Active invocations: an orderly stop waits for them. */
export interface Work {
  /** Counts `task` as active until it settles, and returns it. */
  track<T>(task: Promise<T>): Promise<T>;
  /** Waits until nothing is active, at most `timeoutMs`. Resolves to whether nothing is. */
  idle(timeoutMs: number): Promise<boolean>;
}

export function createWork(): Work {
  const underWay = new Set<Promise<unknown>>();
  return {
    track: (task) => {
      underWay.add(task);
      const forget = (): void => void underWay.delete(task);
      task.then(forget, forget);
      return task;
    },
    idle: async (timeoutMs) => {
      const { promise: late, resolve } = Promise.withResolvers<'late'>();
      const timer = setTimeout(() => resolve('late'), timeoutMs);
      try {
        while (underWay.size > 0) {
          if ((await Promise.race([Promise.allSettled(underWay), late])) === 'late') break;
        }
        return underWay.size === 0;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
