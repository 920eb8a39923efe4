/** Makes a value at the first call, and again when its time to live has passed. A failure is kept too, for less. */
export function ttlMemo<T>(
  make: () => Promise<T>,
  { ttlMs, failureTtlMs }: { readonly ttlMs: number; readonly failureTtlMs: number },
  now: () => number = Date.now,
): () => Promise<T> {
  let kept: { readonly value: Promise<T>; until: number } | undefined;
  return () => {
    if (kept && now() < kept.until) return kept.value;
    const made = { value: make(), until: now() + ttlMs };
    made.value.catch(() => {
      made.until = Math.min(made.until, now() + failureTtlMs);
    });
    kept = made;
    return made.value;
  };
}
