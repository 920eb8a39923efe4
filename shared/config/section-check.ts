import type { Environment } from './environment.ts';
import type { ValueProblem } from './explain-issue.ts';
import type { ValuePath } from './yaml-text.ts';

export interface CheckContext {
  readonly env: Environment;
  /** Folder of the configuration; `undefined` for one that is a URL. */
  readonly folder: string | undefined;
  /** The whole file, unchecked. */
  readonly file: unknown;
}

/**
 * Finds what the schema of a section cannot: what depends on the environment, the folder, or another entry. It runs also
 * when the schema found problems, so that all are reported at once; it passes over what the schema refuses.
 * @param value the section as written, unchecked
 * @param path where the section is
 */
export type SectionCheck = (
  value: unknown,
  path: ValuePath,
  context: CheckContext,
) => readonly ValueProblem[];

/** A property of an unchecked value; `undefined` when it has none. */
export function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
