/** Makes something at the first call and again only when it has been kept for so long; a failure is kept too, for less. */
export function briefly<T>(
  make: () => Promise<T>,
  { keepMs, keepFailureMs }: { readonly keepMs: number; readonly keepFailureMs: number },
  now: () => number = Date.now,
): () => Promise<T> {
  let kept: { readonly value: Promise<T>; until: number } | undefined;
  return () => {
    if (kept && now() < kept.until) return kept.value;
    const made = { value: make(), until: now() + keepMs };
    made.value.catch(() => {
      made.until = Math.min(made.until, now() + keepFailureMs);
    });
    kept = made;
    return made.value;
  };
}
