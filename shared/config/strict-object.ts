import * as z from 'zod';

/** Separates the sentences of one issue about several unknown keys; they are in the order of the issue's `keys`. */
export const SENTENCE_BREAK = '\n';

/**
 * An object without unknown keys. Its issue for an unknown key suggests the known one that is most similar.
 * @param form the expected notation, said when the value is not an object
 */
export function strictObject<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  form?: string,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error(issue) {
      if (issue.code === 'unrecognized_keys') {
        return issue.keys.map((key) => unknownKey(key, known)).join(SENTENCE_BREAK);
      }
      return form !== undefined && issue.code === 'invalid_type' ? `expected ${form}` : undefined;
    },
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestTo(key, known);
  return nearest === undefined
    ? `unknown key; expected ${known.length === 1 ? '' : 'one of '}${known.join(', ')}`
    : `unknown key; did you mean "${nearest}"?`;
}

/** The candidate with the smallest edit distance, if less than half of the word has to change. */
function nearestTo(word: string, candidates: readonly string[]): string | undefined {
  const [best] = candidates
    // The distance is at least what one is longer than the other.
    .filter(({ length }) => Math.abs(word.length - length) * 2 <= length)
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance * 2 <= best.candidate.length ? best.candidate : undefined;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
