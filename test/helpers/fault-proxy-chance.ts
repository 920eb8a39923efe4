import { digestOf } from '../../shared/content/index.ts';

/** Chance that is the same for the same words, whatever else was drawn before. */
export function chance(...words: readonly (string | number)[]): number {
  return Number.parseInt(digestOf(words.join('\n')).slice(7, 19), 16) / 2 ** 48;
}
