import { RecordVersionError } from '../../shared/errors.ts';
import { asRecordSchema, readableRecords } from '../../shared/record-schema.ts';
import type { OpenRecords, Records } from '../../shared/records.ts';
import { createMemoryRecords, type MemoryRecords, type MemoryRecordsOptions } from './memory-records.ts';

export interface MemoryTables {
  readonly open: OpenRecords;
  /** A table as the store holds it; empty when it was never opened. */
  table<T extends object>(name: string): MemoryRecords<T>;
  /** Puts all records of these tables into other ones. */
  copy(names: readonly string[], to: MemoryTables): Promise<void>;
}

/** Tables in memory by their names. What is written and read is checked by the schema, as the table adapter does. */
export function createMemoryTables(options: MemoryRecordsOptions = {}): MemoryTables {
  const tables = new Map<string, MemoryRecords<object>>();
  function tableOf(name: string): MemoryRecords<object> {
    const known = tables.get(name) ?? createMemoryRecords(options);
    tables.set(name, known);
    return known;
  }
  return {
    table: tableOf as MemoryTables['table'],
    async copy(names, to) {
      for (const name of names)
        for await (const { key, value } of tableOf(name).list())
          await to.table(name).update(key, () => value);
    },
    open(name, schema) {
      const stored = tableOf(name);
      const records = asRecordSchema(schema);
      const read = (value: object) => records.read({ ...value }, `The record in table ${name}`);
      const write = (value: object) => records.write(value as never, `The record for table ${name}`);
      async function* listed<R extends { readonly value: object }>(found: AsyncIterable<R>) {
        let later: RecordVersionError | undefined;
        for await (const record of found) {
          let value: ReturnType<typeof read>;
          try {
            value = read(record.value);
          } catch (error) {
            if (!(error instanceof RecordVersionError)) throw error;
            later ??= error;
            continue;
          }
          yield { ...record, value };
        }
        if (later) throw later;
      }
      type Value = ReturnType<typeof read>;
      const checked =
        (change: (current: Value | undefined) => Value | undefined) => (current: object | undefined) => {
          const before = current && read(current);
          const next = change(before);
          return next === before ? current : next && write(next);
        };
      const through = (port: Records<object>, isSession = false): Records<Value> => {
        const records: Records<Value> = {
          async get(key) {
            const value = await port.get(key);
            return value && read(value);
          },
          async update(key, change, options) {
            const value = await port.update(key, checked(change), options);
            return value && read(value);
          },
          updateAll: (partition, changes) =>
            Promise.allSettled(
              changes.map(({ row, change, isNew }) => records.update({ partition, row }, change, { isNew })),
            ),
          remove: port.remove,
          async *list(partition) {
            yield* listed(port.list(partition));
          },
          session: () => (isSession ? records : through(port.session(), true)),
        };
        return records;
      };
      return {
        ...through(stored),
        async *writtenBefore(time, partition) {
          yield* listed(stored.writtenBefore(time, partition));
        },
        search: async (filter, limit) => {
          const found = await stored.search(filter, Number.POSITIVE_INFINITY);
          return (await Array.fromAsync(readableRecords(listed(asIterable(found))))).slice(0, limit);
        },
        count: (filter, max) => stored.count(filter, max),
        removeWritten: stored.removeWritten,
      };
    },
  };
}

async function* asIterable<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
