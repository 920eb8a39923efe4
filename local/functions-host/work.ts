/** What is under way: an orderly stop waits for it. */
export interface Work {
  /** Counts `task` as under way until it settles, and gives it back. */
  track<T>(task: Promise<T>): Promise<T>;
  /** Waits until nothing is under way, at most `timeoutMs`; says whether nothing is. */
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
