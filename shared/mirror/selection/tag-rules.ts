/** How many of the newest tags of a rule set stay, and what makes a tag newer. */
export interface NewestRule {
  readonly count: number;
  /**
   * `version`: the newest versions, each with all its tags and the floating tags that lead to it.
   * `time`: the tags that were moved last.
   */
  readonly by: 'version' | 'time';
}

/** Conditions, of which a tag has to meet all that are given. */
export interface TagRuleSet {
  /** Exact tags and globs, of which one has to match. */
  readonly match?: readonly string[] | undefined;
  /** Regular expressions (RE2 syntax), of which one has to match the whole tag. */
  readonly regex?: readonly string[] | undefined;
  /** Range in the syntax of the npm registry's semver; for what it takes see `parseVersionRange`. */
  readonly semver?: string | undefined;
  /** Text before the version, exactly. Default: nothing, or `v`. */
  readonly prefix?: string | undefined;
  /**
   * What may follow the version, exactly; '' is nothing. Without it: anything where `match` or `regex` is there to
   * say so, else nothing.
   */
  readonly suffix?: readonly string[] | undefined;
  /** Tags, globs and `/regular expressions/` that this set leaves out. */
  readonly exclude?: readonly string[] | undefined;
  /** Applied to what all other conditions leave. */
  readonly newest?: NewestRule | undefined;
}

/**
 * Which tags of a repository are meant: those that one entry of `include` takes and no entry of `exclude` matches.
 * A text with one of the characters `* ? [ ] { }` is a glob, any other is an exact tag; in `exclude`, one between
 * slashes is a regular expression for the whole tag.
 */
export interface TagRules {
  readonly include: readonly (string | TagRuleSet)[];
  readonly exclude: readonly string[];
}
