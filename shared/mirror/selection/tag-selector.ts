import { isGlob } from '../../glob.ts';
import type { ListedTag } from './listed-tag.ts';
import { type CompiledRuleSet, compileRuleSet, type TagVerdict } from './rule-set.ts';
import { compilePattern } from './tag-pattern.ts';
import type { TagRuleSet, TagRules } from './tag-rules.ts';

export interface TagSelection {
  /** Selected tags in the order given, each once. */
  readonly selected: readonly string[];
  /** Rules that hold for none of the tags given: most likely misspelt. */
  readonly unmatched: readonly string[];
}

export interface TagExplanation extends TagVerdict {
  readonly tag: string;
}

export interface TagSelector {
  /** Tags the rules name exactly and do not refuse: they are known without a listing. */
  readonly exactTags: readonly string[];
  /** What of a listing is selected. The listing has to be the whole one for `newest` to mean anything. */
  select(tags: Iterable<ListedTag>): TagSelection;
  /** Whether a tag is a candidate: as if there was no `newest`, which depends on the other tags. */
  explain(tag: string): TagVerdict;
  /** What took or refused each tag of a listing, in the order given, each once; `select` agrees. */
  explainAll(tags: Iterable<ListedTag>): readonly TagExplanation[];
}

/** Whether the rules can only be applied to the list of all tags; false when they take nothing but exact tags. */
export function needsListing(rules: TagRules): boolean {
  return ruleSetsOf(rules).some(({ match, newest }) => newest || !match || match.some(isGlob));
}

/** Whether the rules want to know when tags were last moved. */
export function needsTimes(rules: TagRules): boolean {
  return ruleSetsOf(rules).some(({ newest }) => newest?.by === 'time');
}

/** Compiles the rules once, for any number of tags. */
export function createTagSelector(rules: TagRules): TagSelector {
  const sets = ruleSetsOf(rules).map(compileRuleSet);
  const excludes = rules.exclude.map(compilePattern);

  function combine(tag: string, verdictOf: (set: CompiledRuleSet, at: number) => TagVerdict | undefined) {
    const excluding = excludes.find(({ matches }) => matches(tag));
    if (excluding) return { selected: false, rule: `excluded by ${excluding.text}` };
    const verdicts = sets.map(verdictOf).filter((verdict) => verdict !== undefined);
    const taking = verdicts.find(({ selected }) => selected);
    return taking ?? { selected: false, rule: refusalOf(verdicts) };
  }

  function explain(tag: string): TagVerdict {
    return combine(tag, (set) => set.explain(tag));
  }

  function explainAll(tags: Iterable<ListedTag>): readonly TagExplanation[] {
    const listed = distinct(tags);
    const included = listed.filter(({ tag }) => !excludes.some(({ matches }) => matches(tag)));
    const places = new Map(included.map(({ tag }, at) => [tag, at]));
    const bySet = sets.map((set) => set.explainAll(included));
    return listed.map(({ tag }) => {
      const place = places.get(tag) ?? -1;
      return { tag, ...combine(tag, (_, set) => bySet[set]?.[place]) };
    });
  }

  const exactTags = new Set(sets.flatMap((set) => set.exactTags));
  return {
    exactTags: [...exactTags].filter((tag) => explain(tag).selected),
    explain,
    explainAll,
    select(tags) {
      const listed = distinct(tags);
      return {
        selected: explainAll(listed)
          .filter(({ selected }) => selected)
          .map(({ tag }) => tag),
        unmatched: [...new Set(sets.flatMap((set) => set.unmatched(listed)))],
      };
    },
  };
}

/** Plain tags and globs are one set, so that a tag that none of them matches is refused in one sentence. */
function ruleSetsOf({ include }: TagRules): readonly TagRuleSet[] {
  const plain = include.filter((entry) => typeof entry === 'string');
  const sets = include.filter((entry) => typeof entry !== 'string');
  return plain.length > 0 ? [{ match: plain }, ...sets] : sets;
}

function distinct(tags: Iterable<ListedTag>): readonly ListedTag[] {
  const byTag = new Map<string, ListedTag>();
  for (const listed of tags) if (!byTag.has(listed.tag)) byTag.set(listed.tag, listed);
  return [...byTag.values()];
}

function refusalOf(verdicts: readonly TagVerdict[]): string {
  const reasons = [...new Set(verdicts.map(({ rule }) => rule))];
  return reasons.length > 3 ? `none of ${reasons.length} rule sets takes it` : reasons.join('; ');
}
