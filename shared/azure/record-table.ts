import type {
  TableClient,
  TableEntityQueryOptions,
  TableEntityResult,
  TableEntityResultPage,
  TransactionAction,
} from '@azure/data-tables';
import { withDeadline } from '../deadline.ts';
import { describeError, RecordVersionError } from '../errors.ts';
import type { RecordSchema } from '../record-schema.ts';
import type { RecordFilter, RecordKey, WrittenRecord } from '../records.ts';
import { fromColumns, toColumns } from './record-columns.ts';
import { decodeKey, encodeKey } from './record-key.ts';

type Entity = TableEntityResult<Record<string, unknown>>;

/** A record as it was read or written at one time. */
export interface FoundRecord<T> {
  readonly etag: string;
  /** Identifies the last write. */
  readonly writeId: unknown;
  /** The value, another object each time. @throws Error for one that does not match its schema */
  read(): T;
}

/** A record, checked, to be written in place of the one with `etag`, or, without, of none. */
export interface RecordWrite<T> {
  readonly key: RecordKey;
  readonly value: T;
  readonly etag: string | undefined;
  readonly writeId: string;
  /** As the schema stores it. */
  readonly stored: object;
  readonly entity: ReturnType<typeof entityOf>;
}

/** The maximum number of changes in an entity group transaction. */
export const MAX_TRANSACTION = 100;

const WRITE_ID = 'write_id';
const CALL_TIMEOUT_MS = 30_000;

/** The single calls to a table of records: each either does its one thing or says that it did not. */
export class RecordTable<T extends object> {
  readonly #table: TableClient;
  readonly #schema: RecordSchema<T>;

  constructor(table: TableClient, schema: RecordSchema<T>) {
    this.#table = table;
    this.#schema = schema;
  }

  async find(key: RecordKey): Promise<FoundRecord<T> | undefined> {
    try {
      const entity = await this.#call<Entity>((abortSignal) =>
        this.#table.getEntity(encodeKey(key.partition), encodeKey(key.row), { abortSignal }),
      );
      return this.#found(key, entity);
    } catch (error) {
      if (hasTableError(error, 'ResourceNotFound', 'TableNotFound')) return undefined;
      throw error;
    }
  }

  /**
   * The write of a value in place of the record with `etag`, or, without, of none.
   * @throws Error for a value that does not match the schema or does not fit into a table
   */
  prepare(key: RecordKey, value: T, etag: string | undefined, writeId: string): RecordWrite<T> {
    const stored = this.#schema.write(value, this.describe(key));
    return { key, value, etag, writeId, stored, entity: entityOf(key, stored, writeId) };
  }

  /**
   * Makes the table if it is missing.
   * @returns the record; `undefined` when nothing was written: the record changed or was removed meanwhile
   */
  async write(write: RecordWrite<T>): Promise<FoundRecord<T> | undefined> {
    const { entity, etag } = write;
    const answer = await this.#unlessRefused(() =>
      this.#call((abortSignal) =>
        etag === undefined
          ? this.#table.createEntity(entity, { abortSignal })
          : this.#table.updateEntity(entity, 'Replace', { etag, abortSignal }),
      ),
    );
    return this.#written(write, answer?.etag);
  }

  /**
   * Writes up to `MAX_TRANSACTION` records of one partition together, or none of them.
   * @returns the records in their order; `undefined` when nothing was written, as `write` tells
   */
  async writeAll(
    writes: readonly RecordWrite<T>[],
  ): Promise<readonly (FoundRecord<T> | undefined)[] | undefined> {
    const actions = writes.map(
      ({ entity, etag }): TransactionAction =>
        etag === undefined ? ['create', entity] : ['update', entity, 'Replace', { etag }],
    );
    const answer = await this.#unlessRefused(() =>
      this.#call((abortSignal) => this.#table.submitTransaction(actions, { abortSignal })),
    );
    return answer && writes.map((write, at) => this.#written(write, answer.subResponses[at]?.etag));
  }

  /** What the service answered; `undefined` when it wrote nothing because a record was not as expected. */
  async #unlessRefused<R>(write: () => Promise<R>, isRepeat = false): Promise<R | undefined> {
    try {
      return await write();
    } catch (error) {
      if (hasTableError(error, 'EntityAlreadyExists', 'UpdateConditionNotSatisfied', 'ResourceNotFound'))
        return undefined;
      if (!hasTableError(error, 'TableNotFound')) throw error;
      await this.#call((abortSignal) => this.#table.createTable({ abortSignal }));
      return isRepeat ? undefined : await this.#unlessRefused(write, true);
    }
  }

  #written({ key, stored, writeId }: RecordWrite<T>, etag: string | undefined): FoundRecord<T> | undefined {
    if (etag === undefined) return undefined;
    const text = JSON.stringify(stored);
    return { etag, writeId, read: () => this.#schema.read(JSON.parse(text), this.describe(key)) };
  }

  #found(key: RecordKey, entity: Entity): FoundRecord<T> {
    return { etag: entity.etag, writeId: entity[WRITE_ID], read: () => this.#read(key, entity) };
  }

  async remove(key: RecordKey): Promise<void> {
    try {
      await this.#call((abortSignal) =>
        this.#table.deleteEntity(encodeKey(key.partition), encodeKey(key.row), { abortSignal }),
      );
    } catch (error) {
      if (!hasTableError(error, 'ResourceNotFound', 'TableNotFound')) throw error;
    }
  }

  /** Removes the record with `etag`, or none. @returns false when the record changed meanwhile */
  async removeIf(key: RecordKey, etag: string): Promise<boolean> {
    try {
      await this.#call((abortSignal) =>
        this.#table.deleteEntity(encodeKey(key.partition), encodeKey(key.row), { etag, abortSignal }),
      );
      return true;
    } catch (error) {
      if (hasTableError(error, 'UpdateConditionNotSatisfied')) return false;
      if (!hasTableError(error, 'ResourceNotFound', 'TableNotFound')) throw error;
      return true;
    }
  }

  /**
   * Page by page, each with its own deadline: the reader may take as long as it likes between them.
   * @throws RecordVersionError after all other records, when one was written by a later version
   */
  async *list(
    partition: string | undefined,
    { writtenBefore, ...filter }: RecordFilter & { readonly writtenBefore?: Date } = {},
  ): AsyncGenerator<WrittenRecord<T> & { readonly found: FoundRecord<T> }> {
    const conditions = [
      ...(partition === undefined ? [] : [`PartitionKey eq ${quoted(encodeKey(partition))}`]),
      ...(writtenBefore ? [`Timestamp lt datetime'${writtenBefore.toISOString()}'`] : []),
      ...conditionsOf(filter),
    ];
    let later: RecordVersionError | undefined;
    for await (const entity of this.#entities(conditions)) {
      const key = { partition: decodeKey(entity.partitionKey ?? ''), row: decodeKey(entity.rowKey ?? '') };
      const found = this.#found(key, entity);
      let value: T;
      try {
        value = found.read();
      } catch (error) {
        if (!(error instanceof RecordVersionError)) throw error;
        later ??= error;
        continue;
      }
      yield { key, value, version: entity.etag, found };
    }
    if (later) throw later;
  }

  /** How many records match, at most `max`. Only their keys are sent. */
  async count(filter: RecordFilter, max: number): Promise<number> {
    let count = 0;
    if (max > 0)
      for await (const _ of this.#entities(conditionsOf(filter), ['PartitionKey', 'RowKey'])) {
        count += 1;
        if (count === max) break;
      }
    return count;
  }

  async *#entities(conditions: readonly string[], select?: string[]): AsyncGenerator<Entity> {
    const queryOptions = {
      ...(conditions.length > 0 && { filter: conditions.join(' and ') }),
      ...(select && { select }),
    };
    let continuationToken: string | undefined;
    do {
      const page = await this.#page(queryOptions, continuationToken);
      yield* page ?? [];
      continuationToken = page?.continuationToken;
    } while (continuationToken);
  }

  /** How messages call a record. */
  describe({ partition, row }: RecordKey): string {
    return `The record "${row}" of partition "${partition}" in table ${this.#table.tableName}`;
  }

  async #page(
    queryOptions: TableEntityQueryOptions,
    continuationToken: string | undefined,
  ): Promise<TableEntityResultPage<Record<string, unknown>> | undefined> {
    try {
      return await this.#call(async (abortSignal) => {
        const pages = this.#table
          .listEntities({ queryOptions, abortSignal })
          .byPage(continuationToken === undefined ? {} : { continuationToken });
        const { value } = await pages.next();
        return value;
      });
    } catch (error) {
      if (hasTableError(error, 'TableNotFound')) return undefined;
      throw error;
    }
  }

  #call<R>(run: (signal: AbortSignal) => Promise<R>): Promise<R> {
    return withDeadline(CALL_TIMEOUT_MS, `Table ${this.#table.tableName} did not answer`, run, undefined, {
      operation: 'use records',
      side: 'storage',
    });
  }

  #read(key: RecordKey, entity: Entity): T {
    try {
      return this.#schema.read(fromColumns(entity), this.describe(key));
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new Error(`${this.describe(key)} holds broken JSON: ${describeError(cause)}`, { cause });
    }
  }
}

function entityOf({ partition, row }: RecordKey, stored: object, writeId: string) {
  return {
    ...toColumns(stored),
    [WRITE_ID]: writeId,
    partitionKey: encodeKey(partition),
    rowKey: encodeKey(row),
  };
}

/**
 * Whether the table service refused with one of these codes ("Table service error codes"). Looked for by shape:
 * the error's class would mean loading the SDK to ask.
 */
function hasTableError(error: unknown, ...codes: readonly string[]): boolean {
  if (!(error instanceof Error)) return false;
  // A transaction's error has its code elsewhere than that of a single call.
  const code =
    property(property(property(error, 'details'), 'odataError'), 'code') ?? property(error, 'code');
  return typeof code === 'string' && codes.includes(code);
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function conditionsOf({ equals = {}, writtenSince }: RecordFilter): readonly string[] {
  return [
    ...Object.entries(equals).map(([field, text]) => `${field} eq ${quoted(text)}`),
    ...(writtenSince ? [`Timestamp ge datetime'${writtenSince.toISOString()}'`] : []),
  ];
}

/** As a literal of OData. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
