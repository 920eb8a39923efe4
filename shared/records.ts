import type { z } from 'zod';
import type { RecordSchema } from './record-schema.ts';
import type { TableName } from './resources.ts';

/**
 * Where state lives. Every durable fact is a small record under a two-part key, changed only by
 * compare-and-swap, so that a crash or a second worker at any line leaves a state from which others go on.
 */

export interface RecordKey {
  /** Records that are listed together. */
  readonly partition: string;
  readonly row: string;
}

export interface StoredRecord<T> {
  readonly key: RecordKey;
  readonly value: T;
}

export interface UpdateOptions {
  /** No record is expected: it is written at once, and read only when there is one after all. */
  readonly isNew?: boolean | undefined;
}

/** A change of one record among others of its partition. */
export interface RecordChange<T> extends UpdateOptions {
  readonly row: string;
  readonly change: (current: T | undefined) => T | undefined;
}

export interface Records<T extends object> {
  /** The record, or `undefined` when there is none. Any other failure throws. */
  get(key: RecordKey): Promise<T | undefined>;

  /**
   * Reads the record, asks `change` for the new value, and writes it only if the record did not change meanwhile;
   * otherwise reads and asks again. `change` must be pure. Returning `undefined` or the value it was given
   * leaves the record as it is. Resolves to the record afterwards.
   */
  update(
    key: RecordKey,
    change: (current: T | undefined) => T | undefined,
    options?: UpdateOptions,
  ): Promise<T | undefined>;

  /**
   * Changes records of one partition, each as `update` does, with few requests: what is expected to be new, and what the
   * session remembers, is written together. It is not all or nothing. Resolves to what came of each, in order. A row that is
   * named twice is changed twice, in any order.
   */
  updateAll(
    partition: string,
    changes: readonly RecordChange<T>[],
  ): Promise<readonly PromiseSettledResult<T | undefined>[]>;

  /** Removes the record; absent is fine. */
  remove(key: RecordKey): Promise<void>;

  /**
   * All records of a partition, or of all partitions, in key order within a partition.
   * @throws RecordVersionError after all others, when a record was written by a later version
   */
  list(partition?: string): AsyncIterable<StoredRecord<T>>;

  /**
   * The same records for one invocation. A session remembers each record that it read, listed or wrote, and the next
   * update begins with that instead of a read. A record that others changed meanwhile is read again, as is one that a
   * change leaves as it is: an update never rests on a remembered record alone. `get` and `list` always read. The session
   * of a session is itself.
   */
  session(): Records<T>;
}

/** A record as it was last written. */
export interface WrittenRecord<T> extends StoredRecord<T> {
  /** Another one after every write. */
  readonly version: string;
}

/** Records of which the expired ones can be found and removed. */
export interface PrunableRecords<T extends object> extends Records<T> {
  /** The records, of a partition or of all, that were not written since `time` by the clock of the store. */
  writtenBefore(time: Date, partition?: string): AsyncIterable<WrittenRecord<T>>;

  /** Removes the record as it was read; absent is fine. `false`: it was written since, and stays. */
  removeWritten(record: Pick<WrittenRecord<T>, 'key' | 'version'>): Promise<boolean>;
}

/** What a search gives: all conditions hold. */
export interface RecordFilter {
  /** Values of short text fields. */
  readonly equals?: Readonly<Record<string, string>> | undefined;
  /** Written at this time or later, by the clock of the store. */
  readonly writtenSince?: Date | undefined;
}

/** Records that the store filters. It may have to read each of them, but sends only those that match. */
export interface SearchableRecords<T extends object> {
  /** At most `limit` records, in key order, without those of a later version. */
  search(filter: RecordFilter, limit: number): Promise<readonly StoredRecord<T>[]>;

  /** How many match. At most `max`: there may be more then. */
  count(filter: RecordFilter, max: number): Promise<number>;
}

export interface TableRecords<T extends object> extends PrunableRecords<T>, SearchableRecords<T> {}

/** Opens a table of records by its name. `schema` checks what is written and what was read, and upgrades what is older. */
export type OpenRecords = <T extends object>(
  table: TableName,
  schema: z.ZodType<T> | RecordSchema<T>,
) => TableRecords<T>;
