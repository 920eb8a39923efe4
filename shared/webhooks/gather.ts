/**
 * Makes one call of many: while a call for a key is under way, what else comes for that key waits and goes along in the
 * next one. Of those that share a call the first gets its result and the others `undefined`; if it fails, all fail.
 */
export function gatherCalls<Item, Result>(
  call: (key: string, items: readonly Item[]) => Promise<Result>,
): (key: string, items: readonly Item[]) => Promise<Result | undefined> {
  const waiting = new Map<string, { readonly items: Item[]; readonly done: Promise<Result> }>();
  const running = new Map<string, Promise<unknown>>();

  return async (key, items) => {
    const next = waiting.get(key);
    if (next) {
      next.items.push(...items);
      await next.done;
      return undefined;
    }
    const gathered = [...items];
    const before = running.get(key) ?? Promise.resolve();
    const done = before.then(() => {
      waiting.delete(key);
      return call(key, gathered);
    });
    waiting.set(key, { items: gathered, done });
    const over = done.then(
      () => {},
      () => {},
    );
    running.set(key, over);
    try {
      return await done;
    } finally {
      if (running.get(key) === over) running.delete(key);
    }
  };
}
