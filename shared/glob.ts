import { RE2JS } from 're2js';

const GLOB_CHARACTERS = /[*?[\]{}]/;
/** `[!0-9]`, a sign that means something, or text that stands for itself. */
const PIECES = /\[([!^]?)([^\]]+)\]|[*?{,}]|[^*?{,}[]+|\[/g;
const NOTHING = '[^\\x00-\\x{10FFFF}]';

export function isGlob(text: string): boolean {
  return GLOB_CHARACTERS.test(text);
}

/**
 * Reads a glob over the whole of a text: `*`, `?`, `[0-9]`, `[!0-9]` and `{a,b}`; what else there is stands for itself. Matches
 * in time linear in the text's length: upstream names its tags as it likes, and an engine that backtracks is busy for
 * ever with some names and several stars.
 */
export function compileGlob(glob: string): (text: string) => boolean {
  // What most watches take: compiling it costs more than all else that is computed for a small repository.
  if (glob === '*') return () => true;
  const regex = RE2JS.compile(regexOfGlob(glob));
  return (text) => regex.testExact(text);
}

/** The regular expression that means the same. */
function regexOfGlob(glob: string): string {
  let depth = 0;
  const pieces = glob.replaceAll(PIECES, (piece: string, not?: string, signs?: string) => {
    if (signs !== undefined) return characterClass(not !== '', signs);
    if (piece === '*') return '.*';
    if (piece === '?') return '.';
    if (piece === '{') {
      depth += 1;
      return '(?:';
    }
    if (depth > 0 && piece === ',') return '|';
    if (depth > 0 && piece === '}') {
      depth -= 1;
      return ')';
    }
    return RE2JS.quote(piece);
  });
  return `${pieces}${')'.repeat(depth)}`;
}

/** `a-fx`: from a to f, and x. A range that ends before it begins has nothing in it. */
function characterClass(isNot: boolean, signs: string): string {
  const ranges = [...signs.matchAll(/(.)-(.)|(.)/gsu)]
    .map(([, from, to, single = '']) => [from ?? single, to ?? single] as const)
    .filter(([from, to]) => from <= to)
    .map(([from, to]) => `${RE2JS.quote(from)}-${RE2JS.quote(to)}`);
  if (ranges.length === 0) return isNot ? '.' : NOTHING;
  return `[${isNot ? '^' : ''}${ranges.join('')}]`;
}
