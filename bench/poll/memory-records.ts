import type { RecordKey, TableRecords } from '../../shared/records.ts';

/** Records in this process, without the waits of a store: what is measured is the poll. */
export function createMemoryRecords<T extends object>(): TableRecords<T> {
  const partitions = new Map<string, Map<string, T>>();
  const rowsOf = ({ partition }: Pick<RecordKey, 'partition'>) => {
    const rows = partitions.get(partition) ?? new Map<string, T>();
    partitions.set(partition, rows);
    return rows;
  };
  const records: TableRecords<T> = {
    get: async (key) => rowsOf(key).get(key.row),
    async update(key, change) {
      const rows = rowsOf(key);
      const next = change(rows.get(key.row));
      if (next !== undefined) rows.set(key.row, next);
      return rows.get(key.row);
    },
    updateAll: (partition, changes) =>
      Promise.allSettled(changes.map(({ row, change }) => records.update({ partition, row }, change))),
    async remove(key) {
      rowsOf(key).delete(key.row);
    },
    async *list(partition) {
      const names = partition === undefined ? partitions.keys() : [partition];
      for (const name of names) {
        for (const [row, value] of partitions.get(name) ?? []) yield { key: { partition: name, row }, value };
      }
    },
    session: () => records,
    writtenBefore: unused,
    removeWritten: unused,
    search: unused,
    count: unused,
  };
  return records;
}

function unused(): never {
  throw new Error('No poll asks this of records.');
}
