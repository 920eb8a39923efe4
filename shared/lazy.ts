export interface Lazy<T> {
  (): Promise<T>;
  /** What was made, or is being made; `undefined` before the first call. Makes nothing. */
  peek(): Promise<T> | undefined;
}

/** Makes something once, at the first call, for all callers. A failure is not kept: the next call tries again. */
export function lazy<T>(make: () => Promise<T>): Lazy<T> {
  let made: Promise<T> | undefined;
  const get = () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return Object.assign(get, { peek: () => made });
}
