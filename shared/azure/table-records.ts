import { randomUUID } from 'node:crypto';
import type { TableClient } from '@azure/data-tables';
import type { z } from 'zod';
import { lazy } from '../memo.ts';
import { asRecordSchema, type RecordSchema, readableRecords } from '../record-schema.ts';
import type { Records, StoredRecord, TableRecords } from '../records.ts';
import { createRecordMemory, NO_MEMORY, type RecordMemory } from './record-memory.ts';
import { RecordTable } from './record-table.ts';
import { updateRecord } from './update-record.ts';
import { updateRecords } from './update-records.ts';

export interface TableRecordsOptions<T extends object> {
  /** The table, asked for once. It is made in the account by the first write that misses it. */
  readonly table: () => Promise<TableClient>;
  /** What a record must be: checked before writing and after reading, so it must take its own output. */
  readonly schema: z.ZodType<T> | RecordSchema<T>;
}

/**
 * Records in an Azure table, one row each. A row that does not match its schema throws; it never counts as absent. One of
 * a later version throws `E_RECORD_VERSION` and is never written; a listing throws that at its end, and a search skips it.
 */
export function createTableRecords<T extends object>({
  table,
  schema,
}: TableRecordsOptions<T>): TableRecords<T> {
  const open = lazy(async () => new RecordTable(await table(), asRecordSchema(schema)));
  return {
    ...recordsWith(open, NO_MEMORY),
    session: () => openSession(open),
    async *writtenBefore(time, partition) {
      for await (const { key, value, version } of (await open()).list(partition, { writtenBefore: time }))
        yield { key, value, version };
    },
    async search(filter, limit) {
      const found: StoredRecord<T>[] = [];
      if (limit > 0)
        for await (const { key, value } of readableRecords((await open()).list(undefined, filter))) {
          found.push({ key, value });
          if (found.length === limit) break;
        }
      return found;
    },
    count: async (filter, max) => (await open()).count(filter, max),
    removeWritten: async ({ key, version }) => (await open()).removeIf(key, version),
  };
}

function openSession<T extends object>(open: () => Promise<RecordTable<T>>): Records<T> {
  const session: Records<T> = { ...recordsWith(open, createRecordMemory<T>()), session: () => session };
  return session;
}

function recordsWith<T extends object>(
  open: () => Promise<RecordTable<T>>,
  memory: RecordMemory<T>,
): Omit<Records<T>, 'session'> {
  return {
    async get(key) {
      const record = await (await open()).find(key);
      memory.remember(key, record);
      return record?.read();
    },
    update: async (key, change, options) =>
      await updateRecord(await open(), memory, { key, change, ...options }, randomUUID()),
    updateAll: async (partition, changes) => await updateRecords(await open(), memory, partition, changes),
    async remove(key) {
      memory.forget(key);
      await (await open()).remove(key);
    },
    async *list(partition) {
      for await (const { key, value, found } of (await open()).list(partition)) {
        memory.remember(key, found);
        yield { key, value };
      }
    },
  };
}
