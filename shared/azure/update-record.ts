import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordKey, UpdateOptions } from '../records.ts';
import type { RecordMemory, Remembered } from './record-memory.ts';
import type { RecordTable } from './record-table.ts';

/** A change of one record. */
export interface RecordUpdate<T> extends UpdateOptions {
  readonly key: RecordKey;
  readonly change: (current: T | undefined) => T | undefined;
}

const MAX_ATTEMPTS = 30;
const MAX_PAUSE_MS = 500;

/** What the record is before anything was read, as far as that is known. */
export function guessOf<T>(
  memory: RecordMemory<T>,
  { key, isNew }: Pick<RecordUpdate<T>, 'key' | 'isNew'>,
): Remembered<T> | undefined {
  return memory.recall(key) ?? (isNew ? { record: undefined } : undefined);
}

/**
 * Changes a record by compare-and-swap. What is remembered of it is tried first, without a read; whether that was true is
 * told by the write.
 * @param writeId identifies the write, also when the SDK repeats it because its answer got lost
 */
export async function updateRecord<T extends object>(
  table: RecordTable<T>,
  memory: RecordMemory<T>,
  { key, change, isNew }: RecordUpdate<T>,
  writeId: string,
): Promise<T | undefined> {
  const guess = guessOf(memory, { key, isNew });
  if (guess) {
    const before = guess.record?.read();
    const next = change(before);
    if (next !== undefined && next !== before) {
      const written = await table.write(table.prepare(key, next, guess.record?.etag, writeId));
      memory.forget(key);
      if (written) {
        memory.remember(key, written);
        return next;
      }
    }
  }
  return await compareAndSwap(table, memory, { key, change }, writeId);
}

/** Reads the record, changes it, and writes it unless others did meanwhile; then once more. */
export async function compareAndSwap<T extends object>(
  table: RecordTable<T>,
  memory: RecordMemory<T>,
  { key, change }: RecordUpdate<T>,
  writeId: string,
): Promise<T | undefined> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const found = await table.find(key);
    memory.remember(key, found);
    const before = found?.read();
    // Our write of an earlier round: its answer got lost on the way, and the SDK's repeat met its own work.
    if (found?.writeId === writeId) return before;
    const next = change(before);
    if (next === undefined || next === before) return before;
    const written = await table.write(table.prepare(key, next, found?.etag, writeId));
    memory.forget(key);
    if (written) {
      memory.remember(key, written);
      return next;
    }
    await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 10 * 2 ** attempt));
  }
  throw new Error(
    `${table.describe(key)} was changed by others each of the ${MAX_ATTEMPTS} times it was to be written. Try again when fewer write it.`,
  );
}
