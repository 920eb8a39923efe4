import { isGlob } from '../../glob.ts';
import { conditionsOf, describeConditions } from './conditions.ts';
import type { ListedTag } from './listed-tag.ts';
import { newestByTime, newestVersions } from './newest.ts';
import { compilePattern } from './tag-pattern.ts';
import type { NewestRule, TagRuleSet } from './tag-rules.ts';
import { parseTagVersion } from './tag-version.ts';

/** Why a tag is selected or not. */
export interface TagVerdict {
  readonly selected: boolean;
  /** For people: what took the tag (`semver >=22 and *-alpine`), or refused it (`excluded by *-rc*`). */
  readonly rule: string;
}

export interface CompiledRuleSet {
  /** Tags that `match` names, which are known without a listing. */
  readonly exactTags: readonly string[];
  /** Takes every condition into account but `newest`. */
  explain(tag: string): TagVerdict;
  /** Takes all conditions into account; one verdict for each tag. */
  explainAll(tags: readonly ListedTag[]): readonly TagVerdict[];
  /** Conditions that no tag meets alone; if each is met by some, all of them, where no tag meets them together. */
  unmatched(tags: readonly ListedTag[]): readonly string[];
}

export function compileRuleSet(set: TagRuleSet): CompiledRuleSet {
  const { match, newest } = set;
  const excludes = (set.exclude ?? []).map(compilePattern);
  const conditions = conditionsOf(set);

  function explain(tag: string): TagVerdict {
    const excluding = excludes.find(({ matches }) => matches(tag));
    if (excluding) return refused(`excluded by ${excluding.text}`);
    const holding: string[] = [];
    for (const { rules, refusal } of conditions) {
      const rule = rules.find(({ matches }) => matches(tag));
      if (!rule) return refused(refusal(tag));
      if (rule.text !== '') holding.push(rule.text);
    }
    return {
      selected: true,
      rule: holding.join(' and ') || (conditions.length > 0 ? 'every version' : 'every tag'),
    };
  }

  function explainAll(tags: readonly ListedTag[]): readonly TagVerdict[] {
    const verdicts = tags.map(({ tag }) => explain(tag));
    if (!newest) return verdicts;
    const candidates = tags.filter((_, at) => verdicts[at]?.selected);
    const kept = newestOf(candidates, newest, set.prefix);
    return verdicts.map((verdict, at) => {
      const listed = tags[at];
      if (!verdict.selected || !listed) return verdict;
      if (kept.has(listed.tag)) return { selected: true, rule: `${verdict.rule}, ${describeNewest(newest)}` };
      if (newest.by === 'time' && !listed.updatedAt)
        return refused('upstream does not list when it was moved');
      return refused(`not ${newest.count === 1 ? '' : 'among '}the ${describeNewest(newest)}`);
    });
  }

  return {
    exactTags: newest ? [] : (match ?? []).filter((text) => !isGlob(text)),
    explain,
    explainAll,
    unmatched(tags) {
      const alone = conditions
        .flatMap(({ rules }) => rules)
        .filter(({ text, matches }) => text !== '' && !tags.some(({ tag }) => matches(tag)))
        .map(({ text }) => text);
      if (alone.length > 0 || tags.length === 0) return alone;
      if (newest?.by === 'time' && !tags.some(({ tag, updatedAt }) => updatedAt && explain(tag).selected)) {
        return [`${describeNewest(newest)}: upstream does not list when tags were moved`];
      }
      // Where tags are excluded on purpose, taking none may be meant.
      const isCertain = conditions.length > 1 && excludes.length === 0;
      return isCertain && !tags.some(({ tag }) => explain(tag).selected)
        ? [describeConditions(conditions)]
        : [];
    },
  };
}

function newestOf(
  candidates: readonly ListedTag[],
  { count, by }: NewestRule,
  prefix: string | undefined,
): ReadonlySet<string> {
  if (by === 'time') return newestByTime(candidates, count);
  const versioned = candidates.flatMap(({ tag }) => {
    const version = parseTagVersion(tag, prefix);
    return version ? [{ tag, version }] : [];
  });
  return newestVersions(versioned, count);
}

function refused(rule: string): TagVerdict {
  return { selected: false, rule };
}

/** `newest 5 versions`, `newest by time`. */
function describeNewest({ count, by }: NewestRule): string {
  if (by === 'time') return count === 1 ? 'newest by time' : `newest ${count} by time`;
  return count === 1 ? 'newest version' : `newest ${count} versions`;
}
