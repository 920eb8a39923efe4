import type { z } from 'zod';
import { SENTENCE_BREAK } from './strict-object.ts';
import type { ValuePath } from './yaml-text.ts';

/** One thing wrong with one value of the file. */
export interface ValueProblem {
  readonly path: ValuePath;
  /** Whether it is the last key of the path that is wrong, not its value. */
  readonly atKey: boolean;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** Says in the words of the file what a schema found wrong. Values are never quoted: one may be a misplaced secret. */
export function explainIssue(issue: Issue, outer: ValuePath = []): readonly ValueProblem[] {
  const path = [...outer, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const sentences = issue.message.split(SENTENCE_BREAK);
      return issue.keys.map((key, at) => ({
        path: [...path, key],
        atKey: true,
        message: sentences[at] ?? issue.message,
      }));
    }
    case 'invalid_key':
      return [{ path, atKey: true, message: issue.issues.map(({ message }) => message).join('; ') }];
    case 'invalid_union': {
      const meant = optionMeant(issue.errors);
      if (meant) return meant.flatMap((inner) => explainIssue(inner, path));
      return [{ path, atKey: false, message: issue.message }];
    }
    default:
      return [{ path, atKey: false, message: issue.message }];
  }
}

/** Of the forms a value may take, the one whose outer type it has, and if possible one that knows all of its keys. */
function optionMeant(options: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = options.filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  return fitting.find((issues) => !issues.some(({ code }) => code === 'unrecognized_keys')) ?? fitting[0];
}

/** The sentences for wrong types and sizes, in place of the schema library's; given to every parse. */
export function issueMessage(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType([issue.expected], issue.input);
    case 'invalid_union':
      return wrongType(
        issue.errors.flatMap(([first]) => (first?.code === 'invalid_type' ? [first.expected] : [])),
        issue.input,
      );
    case 'invalid_value':
      return `expected one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      if (isNumber(issue))
        return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
      return issue.minimum === 1 ? 'must not be empty' : `expected at least ${issue.minimum}`;
    case 'too_big':
      if (isNumber(issue)) return `expected at most ${issue.maximum}`;
      return `expected at most ${issue.maximum} ${issue.origin === 'string' ? 'characters' : 'entries'}`;
    default:
      return undefined;
  }
}

function isNumber({ origin }: { readonly origin: string }): boolean {
  return origin === 'number' || origin === 'int';
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function wrongType(types: readonly string[], input: unknown): string {
  const names = [...new Set(types.map((type) => TYPE_NAMES[type] ?? type))];
  const expected = new Intl.ListFormat('en', { type: 'disjunction' }).format(names);
  if (input === undefined) return `is missing; expected ${expected}`;
  // YAML reads 3.20 as the number 3.2: only the quoted form says what was meant.
  const hint = names.includes('text') && typeof input !== 'object' ? '; put it in quotes' : '';
  const unhint = types.some((type) => isQuoted(input, type)) ? '; leave out the quotes' : '';
  return `expected ${expected}, found ${nameOfValue(input)}${hint}${unhint}`;
}

/** Whether a value is of a type but for its quotes. */
function isQuoted(input: unknown, type: string): boolean {
  if (typeof input !== 'string') return false;
  return type === 'boolean' ? /^(?:true|false)$/.test(input) : type === 'number' && /^\d+$/.test(input);
}

function nameOfValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}
