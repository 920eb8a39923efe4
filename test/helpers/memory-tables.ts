import type { OpenRecords } from '../../shared/records.ts';
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
      const checked = <R extends { readonly value: object }>(record: R) => ({
        ...record,
        value: schema.parse(record.value),
      });
      return {
        async get(key) {
          const value = await stored.get(key);
          return value && schema.parse(value);
        },
        async update(key, change) {
          const value = await stored.update(key, (current) => {
            const read = current && schema.parse(current);
            const next = change(read);
            return next === read ? current : next && schema.parse(next);
          });
          return value && schema.parse(value);
        },
        remove: stored.remove,
        async *list(partition) {
          for await (const record of stored.list(partition)) yield checked(record);
        },
        async *writtenBefore(time, partition) {
          for await (const record of stored.writtenBefore(time, partition)) yield checked(record);
        },
        search: async (filter, limit) => (await stored.search(filter, limit)).map(checked),
        count: (filter, max) => stored.count(filter, max),
        removeWritten: stored.removeWritten,
      };
    },
  };
}
