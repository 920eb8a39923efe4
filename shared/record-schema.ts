import type { z } from 'zod';
import { RecordVersionError } from './errors.ts';

/** Rewrites what one version stored as the next version stores it. Pure; what it returns is checked afterwards. */
type RecordUpgrade = (stored: Readonly<Record<string, unknown>>) => Record<string, unknown>;

interface RecordDefinition<T extends object> {
  /** What a record of the present version must be. */
  readonly schema: z.ZodType<T>;
  /** The present version. */
  readonly version: number;
  /** One for each earlier version, the one from version 1 first. */
  readonly upgrades: readonly RecordUpgrade[];
}

/** How the records of a table are stored. Records of earlier versions are upgraded when they are read. */
export interface RecordSchema<T extends object> {
  /**
   * The record, of the present version.
   * @param name names the record in messages
   * @throws RecordVersionError for a record of a later version; Error for one that does not match the schema
   */
  read(stored: Readonly<Record<string, unknown>>, name: string): T;
  /**
   * What is stored of the record: its fields and `schemaVersion`.
   * @throws Error when it does not match the schema
   */
  write(value: T, name: string): object;
}

/** The field that holds the version. A row without it is of version 1. */
const VERSION_FIELD = 'schemaVersion';

/**
 * The stored form of a record. A table whose records never changed incompatibly needs none: its Zod schema is version 1.
 * @throws RangeError when the number of upgrades does not fit the version
 */
export function defineRecord<T extends object>({
  schema,
  version,
  upgrades,
}: RecordDefinition<T>): RecordSchema<T> {
  if (upgrades.length !== version - 1)
    throw new RangeError(`Version ${version} needs ${version - 1} upgrades, not ${upgrades.length}.`);
  return {
    read(stored, name) {
      const { [VERSION_FIELD]: found = 1, ...fields } = stored;
      if (typeof found !== 'number' || !Number.isInteger(found) || found < 1)
        throw new Error(`${name} has no valid ${VERSION_FIELD}: ${JSON.stringify(found)}.`);
      if (found > version) throw new RecordVersionError(name, found, version);
      const upgraded = upgrades.slice(found - 1).reduce((value, upgrade) => upgrade(value), fields);
      return check(schema, upgraded, name);
    },
    write(value, name) {
      check(schema, value, name);
      return { ...value, [VERSION_FIELD]: version };
    },
  };
}

/** The schema of a table as a stored form: a plain Zod schema is version 1. */
export function asRecordSchema<T extends object>(schema: z.ZodType<T> | RecordSchema<T>): RecordSchema<T> {
  return 'read' in schema ? schema : defineRecord({ schema, version: 1, upgrades: [] });
}

/**
 * The records of a listing that this version can read. A listing gives all of those first and then fails if there are
 * later ones, because a decision to delete must not rest on a part. This is for callers to whom a part is enough.
 */
export async function* readableRecords<T>(listing: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* listing;
  } catch (error) {
    if (!(error instanceof RecordVersionError)) throw error;
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'record'}: ${issue.message}`,
  );
  throw new Error(`${name} does not match its schema: ${problems.join('; ')}.`);
}
