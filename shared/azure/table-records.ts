import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TableClient } from '@azure/data-tables';
import type { z } from 'zod';
import { lazy } from '../memo.ts';
import { asRecordSchema, type RecordSchema, readableRecords } from '../record-schema.ts';
import type { RecordKey, StoredRecord, TableRecords } from '../records.ts';
import { RecordTable } from './record-table.ts';

export interface TableRecordsOptions<T extends object> {
  /** The table, asked for once. It is made in the account by the first write that misses it. */
  readonly table: () => Promise<TableClient>;
  /** What a record must be: checked before writing and after reading, so it must take its own output. */
  readonly schema: z.ZodType<T> | RecordSchema<T>;
}

const MAX_ATTEMPTS = 30;
const MAX_PAUSE_MS = 500;

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
    get: async (key) => (await (await open()).find(key))?.value,
    update: async (key, change) => compareAndSwap(await open(), key, change),
    remove: async (key) => (await open()).remove(key),
    async *list(partition) {
      yield* (await open()).list(partition);
    },
    async *writtenBefore(time, partition) {
      yield* (await open()).list(partition, { writtenBefore: time });
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

async function compareAndSwap<T extends object>(
  table: RecordTable<T>,
  key: RecordKey,
  change: (current: T | undefined) => T | undefined,
): Promise<T | undefined> {
  const writeId = randomUUID();
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const found = await table.find(key);
    // Our write of an earlier round: its answer got lost on the way, and the SDK's repeat met its own work.
    if (found?.writeId === writeId) return found.value;
    const next = change(found?.value);
    if (next === undefined || next === found?.value) return found?.value;
    if (await table.write(key, next, writeId, found?.etag)) return next;
    await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 10 * 2 ** attempt));
  }
  throw new Error(
    `${table.describe(key)} was changed by others each of the ${MAX_ATTEMPTS} times it was to be written. Try again when fewer write it.`,
  );
}
