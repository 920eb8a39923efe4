import { RE2JS, RE2JSSyntaxException } from 're2js';
import { compileGlob, isGlob } from '../../glob.ts';

/** A rule about the text of a tag. */
export interface TagPattern {
  /** As it was written. */
  readonly text: string;
  readonly matches: (tag: string) => boolean;
}

const BETWEEN_SLASHES = /^\/(.*)\/$/s;

export const MAX_REGEX_LENGTH = 256;
/** Instructions. Matching takes steps in proportion to these, and counted repetitions multiply them. */
const MAX_REGEX_SIZE = 500;

/** An exact tag, a glob, or a regular expression between slashes. */
export function compilePattern(text: string): TagPattern {
  const regex = regexBetweenSlashes(text);
  if (regex !== undefined) return { text, matches: compileRegex(regex).matches };
  return { text, matches: isGlob(text) ? compileGlob(text) : (tag) => tag === text };
}

/** A regular expression for the whole tag, matched in time linear in the tag's length. @throws what RE2 throws */
export function compileRegex(text: string): TagPattern {
  const regex = RE2JS.compile(text);
  return { text, matches: (tag) => regex.testExact(tag) };
}

/** `^v\d+$` for `/^v\d+$/`; `undefined` for what is not between slashes. */
export function regexBetweenSlashes(text: string): string | undefined {
  return BETWEEN_SLASHES.exec(text)?.[1];
}

/** What is wrong with a regular expression and what to do about it; `undefined` when nothing is. */
export function regexProblem(text: string): string | undefined {
  if (text === '') return 'is empty; ".*" matches every tag';
  if (text.length > MAX_REGEX_LENGTH) {
    return `expected a regular expression of at most ${MAX_REGEX_LENGTH} characters; write several`;
  }
  try {
    if (RE2JS.compile(text).programSize() <= MAX_REGEX_SIZE) return undefined;
    return 'the counted repetitions, such as {1,100}, make the regular expression too large; use * or + in their place';
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    return `not a regular expression in RE2 syntax: ${error.getDescription()}${adviceFor(text)}`;
  }
}

function adviceFor(text: string): string {
  if (/\(\?<?[=!]/.test(text)) {
    return '; look-around does not exist there: write what is wanted as regex and what is not as exclude';
  }
  if (/\\[1-9]/.test(text)) return '; back-references do not exist there';
  return '';
}
