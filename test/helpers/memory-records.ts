import { isDeepStrictEqual } from 'node:util';
import type {
  RecordFilter,
  RecordKey,
  StoredRecord,
  TableRecords,
  WrittenRecord,
} from '../../shared/records.ts';

/** A moment inside an operation at which a test may act: fail, wait, or let another writer in. */
export interface RecordsMoment {
  readonly operation: 'get' | 'update' | 'remove' | 'list';
  /** `start` before anything happened, `write` between the read and the write of an update, `end` after the effect. */
  readonly phase: 'start' | 'write' | 'end';
  /** The partition for a list, `partition/row` otherwise. */
  readonly name: string;
}

export interface MemoryRecords<T extends object> extends TableRecords<T> {
  /** Everything stored, by `partition/row`, as the store holds it. */
  readonly contents: () => Record<string, T>;
  /** How often a write found that another had come first. */
  readonly conflicts: () => number;
}

export interface MemoryRecordsOptions {
  /** Called at every moment of every operation; throwing makes the operation fail there. */
  readonly at?: (moment: RecordsMoment) => void | Promise<void>;
  /** Tells when records are written. Default: the clock. */
  readonly now?: () => Date;
}

const MAX_ATTEMPTS = 100;

/** Records in memory, with the whole contract: values go through JSON, updates compare and swap, lists are in key order. */
export function createMemoryRecords<T extends object>({
  at,
  now = () => new Date(),
}: MemoryRecordsOptions = {}): MemoryRecords<T> {
  const stored = new Map<string, { key: RecordKey; json: string; version: number; writtenAt: Date }>();
  let version = 0;
  let conflicts = 0;
  const id = ({ partition, row }: RecordKey) => JSON.stringify([partition, row]);
  const nameOf = ({ partition, row }: RecordKey) => `${partition}/${row}`;
  const read = (key: RecordKey): T | undefined => {
    const found = stored.get(id(key));
    return found && JSON.parse(found.json);
  };

  const inOrder = () =>
    [...stored.values()].sort(
      (a, b) => compare(a.key.partition, b.key.partition) || compare(a.key.row, b.key.row),
    );

  async function find(
    { equals = {}, writtenSince }: RecordFilter,
    limit: number,
  ): Promise<StoredRecord<T>[]> {
    await at?.({ operation: 'list', phase: 'start', name: '' });
    const found = inOrder()
      .filter(({ writtenAt }) => !writtenSince || writtenAt >= writtenSince)
      .map(({ key, json }) => ({ key, value: JSON.parse(json) }))
      .filter(({ value }) => Object.entries(equals).every(([field, text]) => value[field] === text))
      .slice(0, limit);
    await at?.({ operation: 'list', phase: 'end', name: '' });
    return found;
  }

  return {
    contents: () =>
      Object.fromEntries([...stored.values()].map(({ key, json }) => [nameOf(key), JSON.parse(json)])),
    conflicts: () => conflicts,

    async get(key) {
      const name = nameOf(key);
      await at?.({ operation: 'get', phase: 'start', name });
      const value = read(key);
      await at?.({ operation: 'get', phase: 'end', name });
      return value;
    },

    async update(key, change) {
      const name = nameOf(key);
      await at?.({ operation: 'update', phase: 'start', name });
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const before = stored.get(id(key))?.version;
        const current = read(key);
        const copy = structuredClone(current);
        const next = change(current);
        if (!isDeepStrictEqual(current, copy))
          throw new Error(`change() altered the record ${name} it was given`);
        if (next === undefined || next === current) {
          await at?.({ operation: 'update', phase: 'end', name });
          return current;
        }
        await at?.({ operation: 'update', phase: 'write', name });
        if (stored.get(id(key))?.version === before) {
          version += 1;
          stored.set(id(key), { key, json: JSON.stringify(next), version, writtenAt: now() });
          const standing = read(key);
          await at?.({ operation: 'update', phase: 'end', name });
          return standing;
        }
        conflicts += 1;
      }
      throw new Error(`The record ${name} was written by others ${MAX_ATTEMPTS} times in a row.`);
    },

    async remove(key) {
      const name = nameOf(key);
      await at?.({ operation: 'remove', phase: 'start', name });
      stored.delete(id(key));
      await at?.({ operation: 'remove', phase: 'end', name });
    },

    async *list(partition) {
      await at?.({ operation: 'list', phase: 'start', name: partition ?? '' });
      const records = inOrder()
        .filter(({ key }) => partition === undefined || key.partition === partition)
        .map(({ key, json }): StoredRecord<T> => ({ key, value: JSON.parse(json) }));
      yield* records;
      await at?.({ operation: 'list', phase: 'end', name: partition ?? '' });
    },

    async *writtenBefore(time, partition) {
      await at?.({ operation: 'list', phase: 'start', name: partition ?? '' });
      yield* [...stored.values()]
        .filter(({ key, writtenAt }) => writtenAt < time && (partition ?? key.partition) === key.partition)
        .map(({ key, json, version }): WrittenRecord<T> => {
          return { key, value: JSON.parse(json), version: String(version) };
        });
      await at?.({ operation: 'list', phase: 'end', name: partition ?? '' });
    },

    search: find,
    count: async (filter, max) => (await find(filter, max)).length,

    async removeWritten({ key, version: expected }) {
      const name = nameOf(key);
      await at?.({ operation: 'remove', phase: 'start', name });
      const found = stored.get(id(key));
      if (found && String(found.version) !== expected) return false;
      stored.delete(id(key));
      await at?.({ operation: 'remove', phase: 'end', name });
      return true;
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
