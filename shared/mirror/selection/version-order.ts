import type { TagVersion } from './tag-version.ts';

/** Kinds of prereleases from the earliest; words not named stand with the first. */
const STAGES: readonly (readonly string[])[] = [
  ['dev', 'nightly', 'snapshot', 'canary', 'unstable', 'experimental', 'next'],
  ['alpha'],
  ['beta'],
  ['ea', 'milestone', 'pre', 'preview'],
  ['rc'],
];

/**
 * Orders versions, the older first: dates before all others, then by numbers (a missing one is 0), prereleases
 * before what they lead to, builds of a version by their revision. Suffixes do not count.
 */
export function compareVersions(a: TagVersion, b: TagVersion): number {
  return (
    Number(b.isDate) - Number(a.isDate) ||
    compareNumbers(a.numbers, b.numbers) ||
    comparePrereleases(a.prerelease, b.prerelease) ||
    compareNumbers(a.revision, b.revision) ||
    a.numbers.length - b.numbers.length ||
    a.revision.length - b.revision.length
  );
}

function comparePrereleases(a: TagVersion['prerelease'], b: TagVersion['prerelease']): number {
  if (!a || !b) return Number(!a) - Number(!b);
  return (
    stageOf(a.word) - stageOf(b.word) || compareText(a.word, b.word) || compareNumbers(a.numbers, b.numbers)
  );
}

function stageOf(word: string): number {
  return Math.max(
    0,
    STAGES.findIndex((words) => words.includes(word)),
  );
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
