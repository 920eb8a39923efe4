const byName = new Intl.Collator('en', { numeric: true });

/** Sorted as people look for names: `3.9` before `3.10`. Registries list tags in any order. */
export function inNameOrder<T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] {
  return items.toSorted((one, other) => byName.compare(nameOf(one), nameOf(other)));
}
