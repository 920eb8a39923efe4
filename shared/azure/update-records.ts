import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import type { RecordChange } from '../records.ts';
import type { RecordMemory } from './record-memory.ts';
import { MAX_TRANSACTION, type RecordTable, type RecordWrite } from './record-table.ts';
import { compareAndSwap, guessOf, type RecordUpdate } from './update-record.ts';

type Settled<T> = PromiseSettledResult<T | undefined>;

/** A transaction takes 4 MiB, with some hundred bytes around each record. */
const MAX_TRANSACTION_BYTES = 3_500_000;
const UPDATES_AT_ONCE = 16;

interface GuessedWrite<T> {
  readonly at: number;
  readonly write: RecordWrite<T>;
  readonly bytes: number;
}

/**
 * Changes records of one partition. Those of which it is known what they are before are written in transactions; the others,
 * and those of a transaction that was refused because one record was not as expected, one by one.
 */
export async function updateRecords<T extends object>(
  table: RecordTable<T>,
  memory: RecordMemory<T>,
  partition: string,
  changes: readonly RecordChange<T>[],
): Promise<readonly Settled<T>[]> {
  const writeId = randomUUID();
  const updates = changes.map(({ row, ...rest }): RecordUpdate<T> => ({ ...rest, key: { partition, row } }));
  const results = new Map<number, Settled<T>>();
  const slots = pLimit(UPDATES_AT_ONCE);
  await slots.map(transactionsOf(guessedWrites(table, memory, updates, writeId)), async (transaction) => {
    const writes = transaction.map(({ write }) => write);
    for (const { key } of writes) memory.forget(key);
    try {
      const written = await table.writeAll(writes);
      for (const [index, { at, write }] of transaction.entries()) {
        const record = written?.[index];
        if (!record) continue;
        memory.remember(write.key, record);
        results.set(at, { status: 'fulfilled', value: write.value });
      }
    } catch (reason) {
      for (const { at } of transaction) results.set(at, { status: 'rejected', reason });
    }
  });
  return await slots.map(updates, async (update, at): Promise<Settled<T>> => {
    const done = results.get(at);
    if (done) return done;
    const [settled] = await Promise.allSettled([compareAndSwap(table, memory, update, writeId)]);
    return settled;
  });
}

/** The writes that go into transactions. What a change leaves as it is, or throws for, is not among them. */
function guessedWrites<T extends object>(
  table: RecordTable<T>,
  memory: RecordMemory<T>,
  updates: readonly RecordUpdate<T>[],
  writeId: string,
): readonly GuessedWrite<T>[] {
  const rows = new Set<string>();
  return updates.flatMap((update, at) => {
    const guess = guessOf(memory, update);
    if (!guess || rows.has(update.key.row)) return [];
    rows.add(update.key.row);
    try {
      const before = guess.record?.read();
      const next = update.change(before);
      if (next === undefined || next === before) return [];
      const write = table.prepare(update.key, next, guess.record?.etag, writeId);
      return [{ at, write, bytes: Buffer.byteLength(JSON.stringify(write.entity)) }];
    } catch {
      return [];
    }
  });
}

function transactionsOf<T>(writes: readonly GuessedWrite<T>[]): readonly (readonly GuessedWrite<T>[])[] {
  const transactions: GuessedWrite<T>[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const write of writes) {
    const last = transactions.at(-1);
    if (last && last.length < MAX_TRANSACTION && bytes + write.bytes <= MAX_TRANSACTION_BYTES) {
      last.push(write);
      bytes += write.bytes;
    } else {
      transactions.push([write]);
      bytes = write.bytes;
    }
  }
  return transactions;
}
