import type { ListedTag } from './listed-tag.ts';
import type { TagVersion } from './tag-version.ts';
import { compareVersions } from './version-order.ts';

/** A tag that is a version. */
export interface VersionedTag {
  readonly tag: string;
  readonly version: TagVersion;
}

/**
 * The tags of the newest `count` versions. All tags of such a version stay, whatever their suffix. A tag floats where
 * a longer one begins with it (`22` beside `22.1.0`, `8.0.11` beside `8.0.11-1`): it is not counted, and stays if the
 * newest version it stands for does, with its own suffix where there is one.
 */
export function newestVersions(tags: readonly VersionedTag[], count: number): ReadonlySet<string> {
  const newestUnder = new Map<string, TagVersion>();
  for (const { version } of tags) {
    for (const name of namesAbove(version)) {
      for (const key of [name, withSuffix(name, version)]) {
        const known = newestUnder.get(key);
        if (!known || compareVersions(known, version) < 0) newestUnder.set(key, version);
      }
    }
  }

  /** What a floating tag stands for; a version stands for itself. */
  function pointedAt(version: TagVersion): TagVersion {
    const name = nameOf(version);
    const newest = newestUnder.get(withSuffix(name, version)) ?? newestUnder.get(name);
    // Each step is to a longer version.
    return newest ? pointedAt(newest) : version;
  }

  const pointed = tags.map(({ tag, version }) => ({ tag, version: pointedAt(version) }));
  const distinct = new Map(pointed.map(({ version }) => [nameOf(version), version]));
  const kept = new Set(
    [...distinct.values()]
      .sort((a, b) => compareVersions(b, a))
      .slice(0, count)
      .map(nameOf),
  );
  return new Set(pointed.filter(({ version }) => kept.has(nameOf(version))).map(({ tag }) => tag));
}

/** The `count` tags that were moved last. Those of which the time is not known are not among them. */
export function newestByTime(tags: readonly ListedTag[], count: number): ReadonlySet<string> {
  const timed = tags
    .flatMap(({ tag, updatedAt }) => (updatedAt ? [{ tag, time: updatedAt.getTime() }] : []))
    .sort((a, b) => b.time - a.time || (a.tag < b.tag ? -1 : 1));
  return new Set(timed.slice(0, count).map(({ tag }) => tag));
}

function nameOf({ numbers, prerelease, revision }: Omit<TagVersion, 'suffix' | 'isDate'>): string {
  const stage = prerelease ? `${prerelease.word}.${prerelease.numbers.join('.')}` : '';
  return `${numbers.join('.')} ${stage} ${revision.join('.')}`;
}

function withSuffix(name: string, { suffix }: TagVersion): string {
  return `${name} ${suffix}`;
}

/** The names of the tags that float over a version: `22` and `22.1` for `22.1.0`, `3.14-rc` for `3.14.0rc1`. */
function namesAbove({ numbers, prerelease, revision }: TagVersion): readonly string[] {
  const stage = prerelease && { word: prerelease.word, numbers: [] };
  const names = numbers
    .slice(1)
    .map((_, at) => nameOf({ numbers: numbers.slice(0, at + 1), prerelease: stage, revision: [] }));
  if (stage && prerelease.numbers.length > 0)
    names.push(nameOf({ numbers, prerelease: stage, revision: [] }));
  if (revision.length > 0) names.push(nameOf({ numbers, prerelease, revision: [] }));
  return names;
}
