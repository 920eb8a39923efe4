const byName = new Intl.Collator('en', { numeric: true });

/** Sorted as people look for names: `3.9` before `3.10`. Registries list tags in any order. */
export function inNameOrder<T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] {
  return items.toSorted((one, other) => byName.compare(nameOf(one), nameOf(other)));
}

/** `1 tag`, `2 tags`, `0 watches`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

const DIGEST = /\b(sha256|sha512):([0-9a-f]{12})[0-9a-f]{52,}/g;

/** The text with every digest cut to twelve digits, as docker shows them: enough to tell two apart by eye. */
export function withShortDigests(text: string): string {
  return text.replace(DIGEST, '$1:$2');
}

/** A time in ISO 8601 as tables show it: `2026-03-01 12:00:00Z`. */
export function shortTime(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')}Z`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

/** `6 h`, `90 s`, `1.5 d`: in the largest unit that it reaches. */
export function describeSeconds(seconds: number): string {
  const [unit, size] = UNITS.find(([, length]) => seconds >= 2 * length || seconds === length) ?? ['s', 1];
  return `${Math.round((seconds / size) * 10) / 10} ${unit}`;
}
