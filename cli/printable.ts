/** Control characters (C0, DEL, C1), bidirectional and other invisible format characters, and line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** The same for several lines: line feeds are kept. */
const UNPRINTABLE_IN_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * One line for a terminal. Names and messages may come from registries and archives, which could otherwise move the
 * cursor, hide text or forge lines: such characters are printed as `\u001b`.
 */
export function printable(line: string): string {
  return line.replace(UNPRINTABLE, escaped);
}

/** The same for several lines, and for JSON, which has such characters in strings only: its value is unchanged. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE_IN_LINES, escaped);
}

function escaped(sign: string): string {
  return Array.from({ length: sign.length }, (_, at) => {
    return `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }).join('');
}
