/** A tag read as a version: `v22.1.0-rc.1-alpine3.20` is 22.1.0, prerelease rc 1, suffix `-alpine3.20`. */
export interface TagVersion {
  /** One to six numbers. A date (`20240115`, `2024-01-15`) is one number, with its time of day or count (`20240115.2`) a second. */
  readonly numbers: readonly number[];
  /** Whether the version alone is a date: `20240115`, not `24.04`. */
  readonly isDate: boolean;
  /** The word in lower case, then numbers: `preview.7` is `preview` and 7. */
  readonly prerelease: { readonly word: string; readonly numbers: readonly number[] } | undefined;
  /** Of the build of a version, as in `8.0.11-1`, `21.0.5_11`, `16.4.0-debian-12-r5`. */
  readonly revision: readonly number[];
  /** What follows, such as `-alpine3.20`: the variant. '' when nothing does. */
  readonly suffix: string;
}

const DIGITS = String.raw`\d{1,15}`;
const CALENDAR_DAY =
  /^((?:19|20)\d\d)(-?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?:(\d{4})(?:\d\d)?|\.(\d{1,6}))?(?!\d|\.\d)/;
const NUMBERS = new RegExp(String.raw`^${DIGITS}(?:\.${DIGITS}){0,5}(?!\d|\.\d)`);
/** `a`, `b` and `m` are words of a prerelease only where a number follows: `3.14.0a3`. */
const WORDS =
  'alpha|beta|rc|cr|preview|prerelease|pre|milestone|dev|devel|nightly|snapshot|canary|unstable|experimental|next|ea';
const PRERELEASE = new RegExp(
  String.raw`^[-_.]?(${WORDS}|[abm](?=\d))(?:[-_.]?(${DIGITS}(?:\.${DIGITS})*))?(?![a-z\d])`,
  'i',
);
const REVISION = new RegExp(String.raw`^[-_](?:r|ls)?(${DIGITS}(?:\.${DIGITS})*)(?=$|[-_.])`);
const LAST_REVISION = new RegExp(`^([-_.].*)-r(${DIGITS})$`);

/**
 * Reads a tag leniently as a version, for comparing and for ranges. `undefined` when it is none: `latest`, `22abc`.
 * @param prefix text before the version. Default: nothing, or `v`.
 */
export function parseTagVersion(tag: string, prefix?: string): TagVersion | undefined {
  if (prefix !== undefined && !tag.startsWith(prefix)) return undefined;
  const text = prefix === undefined ? tag.replace(/^v(?=\d)/i, '') : tag.slice(prefix.length);
  const core = readDay(text) ?? readNumbers(text);
  if (!core) return undefined;
  let rest = text.slice(core.length);

  const pre = PRERELEASE.exec(rest);
  rest = rest.slice(pre?.[0].length ?? 0);
  const inner = REVISION.exec(rest);
  rest = rest.slice(inner?.[0].length ?? 0);
  const last = inner ? undefined : LAST_REVISION.exec(rest);
  const suffix = last?.[1] ?? rest;
  if (suffix !== '' && !/^[-_.]./.test(suffix)) return undefined;
  return {
    numbers: core.numbers,
    isDate: core.isDate,
    prerelease: pre ? { word: wordOf(pre[1] ?? ''), numbers: numbersIn(pre[2]) } : undefined,
    revision: numbersIn(inner?.[1] ?? last?.[2]),
    suffix,
  };
}

type Core = Pick<TagVersion, 'numbers' | 'isDate'> & { readonly length: number };

function readDay(text: string): Core | undefined {
  const found = CALENDAR_DAY.exec(text);
  if (!found) return undefined;
  const [all, year, , month, day, time, count] = found;
  return {
    numbers: [Number(`${year}${month}${day}`), ...numbersIn(time ?? count)],
    isDate: true,
    length: all.length,
  };
}

function readNumbers(text: string): Core | undefined {
  const all = NUMBERS.exec(text)?.[0];
  return all === undefined ? undefined : { numbers: numbersIn(all), isDate: false, length: all.length };
}

function numbersIn(text: string | undefined): readonly number[] {
  return text === undefined ? [] : text.split('.').map(Number);
}

function wordOf(text: string): string {
  const word = text.toLowerCase();
  return { a: 'alpha', b: 'beta', m: 'milestone', cr: 'rc', prerelease: 'pre', devel: 'dev' }[word] ?? word;
}
