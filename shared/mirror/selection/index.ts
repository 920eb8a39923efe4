/** Which tags of a listing are meant, and why. */
export type { ListedTag } from './listed-tag.ts';
export { MAX_REGEX_LENGTH, regexBetweenSlashes, regexProblem } from './tag-pattern.ts';
export type { TagRuleSet, TagRules } from './tag-rules.ts';
export {
  createTagSelector,
  needsListing,
  needsTimes,
  type TagExplanation,
  type TagSelector,
} from './tag-selector.ts';
export { parseTagVersion } from './tag-version.ts';
export { rangeProblem } from './version-range.ts';
