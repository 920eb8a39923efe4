import Range from 'semver/classes/range.js';
import minVersion from 'semver/ranges/min-version.js';
import subset from 'semver/ranges/subset.js';
import type { TagVersion } from './tag-version.ts';

const MAX_RANGE_LENGTH = 200;
/** Major numbers from here on are dates. */
const FIRST_DATE = 19_000_000;

/** Whether a version is in a range, and if not, why. */
export interface VersionRange {
  /** `undefined` when it is; else a reason to stand after a tag, such as `is a prerelease, and …`. */
  refusal(version: TagVersion): string | undefined;
}

/**
 * A range in the syntax of npm's semver, for the versions that tags are:
 * - A tag with one or two numbers floats: it stands for every version that begins so. It is in the range if all of
 *   them are: `22` is in `>=22` and not in `>=22.5`.
 * - Numbers after the third are ignored, as if the range ended in `.x`.
 * - A prerelease is in a range that names one (`>=9.0.0-0`) and has it between its ends.
 * - A date is in a range that names one (`>=20240101`): else every date would be the newest version of all.
 * @throws what semver throws for texts that `rangeProblem` finds something wrong with
 */
export function parseVersionRange(text: string): VersionRange {
  const normal = withoutLeadingZeros(text);
  const releases = new Range(normal);
  const all = new Range(normal, { includePrerelease: true });
  const namesPrerelease = /\d-[\da-z]/i.test(normal);
  const namesDate = releases.set.flat().some(({ semver }) => semver.major >= FIRST_DATE);
  const floating = new Map<string, boolean>();

  function contains({ numbers, isDate, prerelease }: TagVersion): boolean {
    const [major = 0, minor = 0, patch = 0] = numbers;
    const version = `${major}.${minor}.${patch}`;
    if (prerelease) return all.test(`${version}-${[prerelease.word, ...prerelease.numbers].join('.')}`);
    if (isDate || numbers.length > 2) return releases.test(version);
    const beginning = numbers.join('.');
    const known = floating.get(beginning);
    if (known !== undefined) return known;
    const isContained = subset(beginning, releases);
    floating.set(beginning, isContained);
    return isContained;
  }

  return {
    refusal(version) {
      if (version.isDate !== namesDate) {
        return version.isDate ? 'is a date, and the range names none' : 'is no date, and the range names one';
      }
      if (version.prerelease && !namesPrerelease) return 'is a prerelease, and the range names none';
      return contains(version) ? undefined : 'is outside the range';
    },
  };
}

/** What is wrong with the text of a range and what to do about it; `undefined` when nothing is. */
export function rangeProblem(text: string): string | undefined {
  if (text.length > MAX_RANGE_LENGTH) return `expected a range of at most ${MAX_RANGE_LENGTH} characters`;
  if (text.trim() === '') return 'is empty; write "*" for every version';
  for (const alternative of withoutLeadingZeros(text).split('||')) {
    const problem = problemOfAlternative(alternative.trim());
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOfAlternative(text: string): string | undefined {
  try {
    if (text !== '' && minVersion(new Range(text)) !== null) return undefined;
  } catch (error) {
    // The library throws these for whatever it cannot read.
    if (!(error instanceof TypeError)) throw error;
    return `expected a range of versions, such as ">=22 <25", "^3.19", "22.x" or "20 || 22"${adviceFor(text)}`;
  }
  if (text === '') return 'expected a range on each side of "||"';
  return `no version can be in "${text}"; ranges side by side must all hold, "||" between them means any of them`;
}

function adviceFor(text: string): string {
  if (text.includes(',') || /\band\b/i.test(text))
    return '; leave a space between conditions that must all hold';
  if (/\bor\b|\d\s*\|\s*\d/i.test(text)) return '; write "||" for one or the other';
  if (/\d+\.\d+\.\d+\.\d/.test(text)) return '; it has at most three numbers, and includes every fourth';
  if (/=[<>]/.test(text)) return '; write >= and <=';
  if (/(?:^|[^.\d])\d+(?:\.\d+)?-[\da-z]/i.test(text)) {
    return '; a prerelease follows all three numbers, as in ">=9.0.0-0"';
  }
  return '';
}

/** `>=24.04` names 24.4, as the tag `24.04` does. */
function withoutLeadingZeros(range: string): string {
  return range.replace(/(^|[\s<>=~^|v.])0+(?=\d)/g, '$1');
}
