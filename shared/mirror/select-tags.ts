import picomatch from 'picomatch';
import type { TagRules } from './watch.ts';

/** Why a tag is selected or not. */
export interface TagVerdict {
  readonly selected: boolean;
  /** The exclude rule that refused the tag, or the include rule that took it; absent when no rule speaks of it. */
  readonly rule?: string;
}

export interface TagSelection {
  /** Selected tags in the order given, each once. */
  readonly selected: readonly string[];
  /** Include rules that match none of the tags given: most likely misspelt. */
  readonly unmatched: readonly string[];
}

export interface TagSelector {
  /** Tags the rules name exactly and do not exclude: they are known without a listing. */
  readonly exactTags: readonly string[];
  select(tags: Iterable<string>): TagSelection;
  explain(tag: string): TagVerdict;
}

const GLOB_CHARACTERS = /[*?[\]{}]/;

function isGlob(rule: string): boolean {
  return GLOB_CHARACTERS.test(rule);
}

/** Whether the rules can only be applied to the list of all tags; false when every include is an exact tag. */
export function needsListing(rules: TagRules): boolean {
  return rules.include.some(isGlob);
}

/** Compiles the rules once, for any number of tags. */
export function createTagSelector(rules: TagRules): TagSelector {
  const includes = rules.include.map(compile);
  const excludes = rules.exclude.map(compile);

  function explain(tag: string): TagVerdict {
    const refusing = excludes.find(({ matches }) => matches(tag));
    if (refusing) return { selected: false, rule: refusing.rule };
    const taking = includes.find(({ matches }) => matches(tag));
    return taking ? { selected: true, rule: taking.rule } : { selected: false };
  }

  return {
    exactTags: [...new Set(rules.include)].filter((rule) => !isGlob(rule) && explain(rule).selected),
    explain,
    select(tags) {
      const distinct = [...new Set(tags)];
      return {
        selected: distinct.filter((tag) => explain(tag).selected),
        unmatched: includes.filter(({ matches }) => !distinct.some(matches)).map(({ rule }) => rule),
      };
    },
  };
}

interface CompiledRule {
  readonly rule: string;
  readonly matches: (tag: string) => boolean;
}

function compile(rule: string): CompiledRule {
  if (!isGlob(rule)) return { rule, matches: (tag) => tag === rule };
  // Tags have no path segments, so what globs do for paths (dot files, `**`, negation) is switched off.
  const glob = picomatch(rule, { dot: true, noglobstar: true, noextglob: true, nonegate: true });
  return { rule, matches: (tag) => glob(tag) };
}
