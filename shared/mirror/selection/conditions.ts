import { compilePattern, compileRegex, type TagPattern } from './tag-pattern.ts';
import type { TagRuleSet } from './tag-rules.ts';
import { parseTagVersion, type TagVersion } from './tag-version.ts';
import { parseVersionRange } from './version-range.ts';

/** One of its rules has to hold. A rule without text goes without saying. */
export interface Condition {
  readonly rules: readonly TagPattern[];
  /** Why none of them does. */
  readonly refusal: (tag: string) => string;
}

/** What a tag has to be, `exclude` and `newest` aside: all conditions have to hold. */
export function conditionsOf(set: TagRuleSet): readonly Condition[] {
  const { match, regex, semver, prefix, newest } = set;
  const conditions: Condition[] = [];
  if (match) {
    const rules = match.map(compilePattern);
    conditions.push({ rules, refusal: () => noneOf(rules) });
  }
  if (regex) {
    const rules = regex.map((text) => ({ ...compileRegex(text), text: `regex ${text}` }));
    conditions.push({ rules, refusal: () => noneOf(rules) });
  }
  const isVersioned =
    semver !== undefined || prefix !== undefined || set.suffix !== undefined || newest?.by === 'version';
  if (!isVersioned) return conditions;

  const read = nextCheckpoint((tag) => parseTagVersion(tag, prefix));
  const holds = (text: string, accepts: (version: TagVersion) => boolean): TagPattern => ({
    text,
    matches(tag) {
      const version = read(tag);
      return version !== undefined && accepts(version);
    },
  });
  const after = prefix ? ` after "${prefix}"` : '';
  conditions.push({ rules: [holds('', () => true)], refusal: () => `is no version${after}` });

  const isSpokenOf = match !== undefined || regex !== undefined;
  if (semver !== undefined) {
    const range = parseVersionRange(semver);
    const refusal = (tag: string) => {
      const version = read(tag);
      return `${version && range.refusal(version)} (semver ${semver})`;
    };
    conditions.push({
      rules: [holds(`semver ${semver}`, (version) => range.refusal(version) === undefined)],
      refusal,
    });
  } else if (!isSpokenOf) {
    conditions.push({
      rules: [holds('', ({ prerelease }) => !prerelease)],
      refusal: () => 'is a prerelease, and no semver range names one',
    });
  }

  const suffixes = set.suffix ?? (isSpokenOf ? undefined : ['']);
  if (suffixes) {
    conditions.push({
      rules: suffixes.map((text) =>
        holds(text === '' ? '' : `suffix ${text}`, ({ suffix }) => suffix === text),
      ),
      refusal(tag) {
        const wanted = suffixes.map((text) => text || 'none').join(' or ');
        return `has ${read(tag)?.suffix ? `the suffix ${read(tag)?.suffix}` : 'no suffix'}; expected ${wanted}`;
      },
    });
  }
  return conditions;
}

/** What conditions ask for together, for people. */
export function describeConditions(conditions: readonly Condition[]): string {
  const named = conditions.map(({ rules }) => rules.map(({ text }) => text).filter((text) => text !== ''));
  return named
    .filter((texts) => texts.length > 0)
    .map((texts) => (texts.length > 3 ? `${texts.length} rules` : texts.join(' or ')))
    .join(' and ');
}

function noneOf(rules: readonly TagPattern[]): string {
  const texts = rules.map(({ text }) => text);
  if (texts.length === 1) return `does not match ${texts[0]}`;
  return texts.length > 3 ? `matches none of ${texts.length} rules` : `matches none of ${texts.join(', ')}`;
}

/** The same for the tag asked about last: several conditions ask about one tag after the other. */
function nextCheckpoint<T>(compute: (tag: string) => T): (tag: string) => T {
  let last: { readonly tag: string; readonly value: T } | undefined;
  return (tag) => {
    if (last?.tag !== tag) last = { tag, value: compute(tag) };
    return last.value;
  };
}
