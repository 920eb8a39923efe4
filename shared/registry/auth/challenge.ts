/** One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case; the first of equal names counts. */
  readonly params: ReadonlyMap<string, string>;
}

const MAX_HEADER_CHARS = 8 * 1024;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const SPACE = /[ \t]*/y;
const SEPARATORS = /[ \t,]*/y;
/** `=` and a value: quoted with escapes, or bare up to the next separator (some registries do not quote URLs). */
const VALUE = /[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"=][^\s,"]*))/sy;
const TOKEN68 = /[0-9A-Za-z._~+/-]+=*(?=[ \t]*(?:,|$))/y;

/**
 * Reads every challenge of a response. What cannot be read is skipped up to the next comma: a registry that
 * sends rubbish gets no credentials, and we get no exception.
 */
export function parseChallenges(lines: readonly string[]): readonly Challenge[] {
  return lines.flatMap((line) => parseLine(line.slice(0, MAX_HEADER_CHARS)));
}

function parseLine(line: string): Challenge[] {
  const challenges: { scheme: string; params: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    take(SEPARATORS);
    if (at >= line.length) return challenges;
    const name = take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) {
      const comma = line.indexOf(',', at);
      if (comma < 0) return challenges;
      at = comma + 1;
      continue;
    }
    const value = take(VALUE);
    if (!value) {
      challenges.push({ scheme: name, params: new Map() });
      take(SPACE);
      take(TOKEN68);
      continue;
    }
    const params = challenges.at(-1)?.params;
    if (params && !params.has(name)) {
      params.set(name, value[2] ?? (value[1] ?? '').replace(/\\(.)/gs, '$1'));
    }
  }
}
