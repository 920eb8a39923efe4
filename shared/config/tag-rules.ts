import * as z from 'zod';
import { isTag } from '../content/index.ts';
import {
  MAX_REGEX_LENGTH,
  parseTagVersion,
  rangeProblem,
  regexBetweenSlashes,
  regexProblem,
  type TagRuleSet,
  type TagRules,
} from '../mirror/index.ts';
import { strictObject } from './strict-object.ts';

const MAX_RULE_LENGTH = 256;

const CLASS = String.raw`\[[\w.-]+\]`;
const PIECE = String.raw`(?:[\w.*?-]|${CLASS})`;
const TAG_RULE = new RegExp(String.raw`^(?:${PIECE}|\{${PIECE}*(?:,${PIECE}*)+\})+$`);

/** A text in which `problemOf` finds nothing wrong. */
function textWithout(problemOf: (text: string) => string | undefined) {
  return z.string().superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

const tagRule = textWithout(tagRuleProblem).meta({
  id: 'tagRule',
  description: 'An exact tag, or a glob with * ? [0-9] {a,b}.',
  examples: ['22-alpine', '22-*', '{20,22}-alpine', '3.[0-9]'],
  pattern: TAG_RULE.source,
  maxLength: MAX_RULE_LENGTH,
});

function tagRuleProblem(rule: string): string | undefined {
  if (rule.length > MAX_RULE_LENGTH) return `expected at most ${MAX_RULE_LENGTH} characters`;
  if (/\{[^}]*\.\./.test(rule)) return 'ranges such as {1..3} are not supported; write [1-3] or {1,2,3}';
  if (regexBetweenSlashes(rule) !== undefined) {
    return 'expected a tag or a glob; a regular expression goes to the key regex, without slashes';
  }
  if (/^[<>=^~]/.test(rule)) {
    return 'expected a tag or a glob; a range of versions goes to the key semver, as in { semver: ">=22" }';
  }
  if (!TAG_RULE.test(rule)) {
    return 'expected a tag such as 22-alpine, or a glob of tag characters with * ? [0-9] {a,b}, such as 22-* or {20,22}-alpine';
  }
  if (!/[*?[{]/.test(rule) && !isTag(rule)) {
    return 'expected a tag: at most 128 characters, not starting with "." or "-"';
  }
  return (rule.match(new RegExp(CLASS, 'g')) ?? []).every(isClass)
    ? undefined
    : 'a range in [ ] must run upwards, as in [0-9]';
}

function isClass(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

const regex = textWithout(regexProblem).meta({
  description: 'A regular expression in RE2 syntax for the whole tag.',
  examples: ['v\\d+\\.\\d+'],
  minLength: 1,
  maxLength: MAX_REGEX_LENGTH,
});

const excludeRule = textWithout((text) => {
  const pattern = regexBetweenSlashes(text);
  return pattern === undefined ? tagRuleProblem(text) : regexProblem(pattern);
}).meta({
  id: 'excludeRule',
  description: 'An exact tag, a glob with * ? [0-9] {a,b}, or a /regular expression/ for the whole tag.',
  examples: ['*-rc*', '/.*-rc\\d+/'],
  pattern: `${TAG_RULE.source}|^/.+/$`,
  maxLength: MAX_REGEX_LENGTH + 2,
});

const suffix = textWithout(suffixProblem).meta({
  description: 'What follows the version, exactly; "" is nothing.',
  examples: ['-alpine', ''],
  pattern: String.raw`^(?:[-_.][\w.-]+)?$`,
  maxLength: 127,
});

function suffixProblem(text: string): string | undefined {
  if (text === '') return undefined;
  if (/^\w/.test(text)) return `expected the separator as well, as in "-${text.slice(0, 50)}"`;
  if (!/^[-_.][\w.-]{1,126}$/.test(text)) {
    return 'expected what follows the version, such as -alpine, or "" for nothing; globs belong under match';
  }
  return parseTagVersion(`1.0.0${text}`)?.suffix === text
    ? undefined
    : 'this is read as a part of the version (a prerelease, or the number of a build), so no tag has it as its suffix';
}

const prefix = z
  .string()
  .regex(/^[A-Za-z0-9_][\w.-]{0,126}$/, 'expected the text before the version, such as "release-"')
  .meta({ examples: ['release-', 'noble-'] });

const semver = textWithout(rangeProblem).meta({
  examples: ['>=22 <25', '^3.19', '20 || 22'],
  maxLength: 200,
});

const count = z.int().min(1, 'expected at least 1').max(1000, 'expected at most 1000');

const newest = z.union([
  count,
  strictObject({
    count: count.describe('How many.'),
    by: z
      .enum(['version', 'time'])
      .default('version')
      .describe('version: the newest versions, with all their tags. time: the tags that were moved last.'),
  }),
]);

function oneOrMore(item: z.ZodString, most = 1000) {
  return z.union([item, z.array(item).min(1).max(most)]).transform((value) => [value].flat());
}

const ruleSetKeys = strictObject({
  match: oneOrMore(tagRule).optional().describe('Tags and globs, one of which has to match.'),
  include: oneOrMore(tagRule).optional().describe('The same as match.'),
  regex: oneOrMore(regex, 20).optional().describe('Regular expressions, one of which has to match.'),
  semver: semver
    .optional()
    .describe(
      'Range of versions, as npm has it. A range that names a prerelease (>=9.0.0-0) takes prereleases.',
    ),
  suffix: oneOrMore(suffix, 100)
    .optional()
    .describe('Suffix after the version, such as -alpine. Default: any with match or regex, else none.'),
  prefix: prefix.optional().describe('Prefix before the version. Default: none, or v.'),
  exclude: oneOrMore(excludeRule).optional().describe('Tags, globs and /regular expressions/ to leave out.'),
  newest: newest
    .optional()
    .describe('How many of the newest versions to take, or { count, by: version | time }.'),
});

type RuleSetKeys = z.output<typeof ruleSetKeys>;

/** In a list, a mapping with nothing but `exclude` is about all of its entries. */
function isForAll(keys: object): boolean {
  return Object.entries(keys).every(([key, value]) => key === 'exclude' || value === undefined);
}

const CONDITIONS = 'match, regex, semver, suffix, prefix, newest';

const ruleSet = ruleSetKeys
  .refine((keys) => keys.match === undefined || keys.include === undefined, {
    error: 'expected either match or include, which mean the same',
  })
  .meta({ id: 'tagRuleSet', description: `Conditions that all have to hold: ${CONDITIONS}, exclude.` });

const onlyRuleSet = ruleSet.refine((keys) => !isForAll(keys), {
  error: `expected at least one of ${CONDITIONS}; to take every tag but some, add match: "*"`,
});

/** Also runs for entries that are invalid; their own problem is enough. */
function takesTags(entry: unknown): boolean {
  return typeof entry !== 'object' || entry === null || !isForAll(entry);
}

const ruleList = z
  .array(z.union([tagRule, ruleSet]))
  .min(1)
  .max(1000)
  .refine((entries) => entries.some(takesTags), {
    error: 'expected at least one entry that includes tags; to include every other tag, add "*"',
    when: ({ value }) => Array.isArray(value) && value.length > 0,
  });

/** Reads every short form of tag rules into one shape. */
export const tagRulesSchema = z
  .union([tagRule, ruleList, onlyRuleSet])
  .transform((value) => toTagRules([value].flat()))
  .describe(
    'Which tags to keep copied: a tag or glob, { match, regex, semver, suffix, prefix, exclude, newest }, or a list of these. A list of exact tags needs no tag listing.',
  );

function toTagRules(entries: readonly (string | RuleSetKeys)[]): TagRules {
  const include: (string | TagRuleSet)[] = [];
  const exclude: string[] = [];
  for (const entry of entries) {
    if (typeof entry === 'string') include.push(entry);
    else if (isForAll(entry)) exclude.push(...(entry.exclude ?? []));
    else include.push(toRuleSet(entry));
  }
  const [only] = include;
  if (include.length > 1 || typeof only !== 'object' || !isPlain(only)) return { include, exclude };
  return { include: only.match ?? [], exclude: [...exclude, ...(only.exclude ?? [])] };
}

function toRuleSet({ match, include, newest, ...rest }: RuleSetKeys): TagRuleSet {
  const tags = match ?? include;
  return {
    ...(tags && { match: tags }),
    ...rest,
    ...(newest !== undefined && {
      newest: typeof newest === 'number' ? { count: newest, by: 'version' } : newest,
    }),
  };
}

function isPlain(set: TagRuleSet): boolean {
  return Object.keys(set).every((key) => key === 'match' || key === 'exclude');
}
