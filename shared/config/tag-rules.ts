import { z } from 'zod';
import { isTag } from '../content/index.ts';
import type { TagRules } from '../mirror/index.ts';
import { closedObject } from './closed-object.ts';

const MAX_RULE_LENGTH = 256;
/** Every star multiplies the work of a match that fails, and tags are whatever upstream chose to publish. */
const MAX_STARS = 4;

const CLASS = String.raw`\[[\w.-]+\]`;
const PIECE = String.raw`(?:[\w.*?-]|${CLASS})`;
const TAG_RULE = new RegExp(String.raw`^(?:${PIECE}|\{${PIECE}*(?:,${PIECE}*)+\})+$`);

const tagRule = z
  .string()
  .superRefine((rule, context) => {
    const problem = problemOf(rule);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({
    id: 'tagRule',
    description: 'An exact tag, or a glob with * ? [0-9] {a,b}.',
    examples: ['22-alpine', '22-*', '{20,22}-alpine', '3.[0-9]'],
    pattern: TAG_RULE.source,
    maxLength: MAX_RULE_LENGTH,
  });

function problemOf(rule: string): string | undefined {
  if (rule.length > MAX_RULE_LENGTH) return `expected at most ${MAX_RULE_LENGTH} characters`;
  if (/\{[^}]*\.\./.test(rule)) return 'ranges such as {1..3} are not supported; write [1-3] or {1,2,3}';
  if (!TAG_RULE.test(rule)) {
    return 'expected a tag such as 22-alpine, or a glob of tag characters with * ? [0-9] {a,b}, such as 22-* or {20,22}-alpine';
  }
  if (!/[*?[{]/.test(rule) && !isTag(rule)) {
    return 'expected a tag: at most 128 characters, not starting with "." or "-"';
  }
  if (rule.split('*').length - 1 > MAX_STARS) return `expected at most ${MAX_STARS} stars in a rule`;
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

const ruleList = z.array(tagRule).min(1).max(1000);
const rules = z.union([tagRule, ruleList]);

/** Reads every short form of tag rules into one shape. */
export const tagRulesSchema = z
  .union([
    tagRule,
    ruleList,
    closedObject({
      include: rules.describe('Tags and globs to take.'),
      exclude: rules.optional().describe('Tags and globs to leave out of what include takes.'),
    }),
  ])
  .transform((value): TagRules => {
    if (typeof value === 'string' || Array.isArray(value)) return { include: [value].flat(), exclude: [] };
    return { include: [value.include].flat(), exclude: [value.exclude ?? []].flat() };
  })
  .describe(
    'Which tags to keep copied: a tag or glob, a list of them, or { include, exclude }. A list of exact tags needs no tag listing.',
  );
