import { isDeepStrictEqual } from 'node:util';
import type {
  RecordChange,
  RecordFilter,
  RecordKey,
  Records,
  StoredRecord,
  TableRecords,
  UpdateOptions,
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

  /** What is stored under a key, or was at some time: nothing, or a version with its text. */
  type Seen = { readonly version: number; readonly json: string } | undefined;

  function recordsWith(memory?: Map<string, Seen>): Omit<Records<T>, 'session'> {
    const see = (key: RecordKey): Seen => {
      const seen = stored.get(id(key));
      memory?.set(id(key), seen);
      return seen;
    };

    async function update(
      key: RecordKey,
      change: (current: T | undefined) => T | undefined,
      { isNew = false }: UpdateOptions = {},
    ): Promise<T | undefined> {
      const name = nameOf(key);
      await at?.({ operation: 'update', phase: 'start', name });
      let isGuess = memory?.has(id(key)) || isNew;
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const before = isGuess ? memory?.get(id(key)) : see(key);
        const current: T | undefined = before && JSON.parse(before.json);
        const copy = structuredClone(current);
        const next = change(current);
        if (!isDeepStrictEqual(current, copy))
          throw new Error(`change() altered the record ${name} it was given`);
        if (next === undefined || next === current) {
          if (!isGuess) {
            await at?.({ operation: 'update', phase: 'end', name });
            return current;
          }
          isGuess = false;
          continue;
        }
        await at?.({ operation: 'update', phase: 'write', name });
        if (stored.get(id(key))?.version === before?.version) {
          version += 1;
          stored.set(id(key), { key, json: JSON.stringify(next), version, writtenAt: now() });
          see(key);
          const standing = read(key);
          await at?.({ operation: 'update', phase: 'end', name });
          return standing;
        }
        isGuess = false;
        conflicts += 1;
      }
      throw new Error(`The record ${name} was written by others ${MAX_ATTEMPTS} times in a row.`);
    }

    return {
      async get(key) {
        const name = nameOf(key);
        await at?.({ operation: 'get', phase: 'start', name });
        see(key);
        const value = read(key);
        await at?.({ operation: 'get', phase: 'end', name });
        return value;
      },

      update,
      updateAll: (partition: string, changes: readonly RecordChange<T>[]) =>
        Promise.allSettled(
          changes.map(({ row, change, isNew }) => update({ partition, row }, change, { isNew })),
        ),

      async remove(key) {
        const name = nameOf(key);
        await at?.({ operation: 'remove', phase: 'start', name });
        stored.delete(id(key));
        memory?.delete(id(key));
        await at?.({ operation: 'remove', phase: 'end', name });
      },

      async *list(partition) {
        await at?.({ operation: 'list', phase: 'start', name: partition ?? '' });
        const found = inOrder().filter(({ key }) => partition === undefined || key.partition === partition);
        const records = found.map(({ key, json }): StoredRecord<T> => {
          see(key);
          return { key, value: JSON.parse(json) };
        });
        yield* records;
        await at?.({ operation: 'list', phase: 'end', name: partition ?? '' });
      },
    };
  }

  function openSession(): Records<T> {
    const session: Records<T> = { ...recordsWith(new Map()), session: () => session };
    return session;
  }

  return {
    contents: () =>
      Object.fromEntries([...stored.values()].map(({ key, json }) => [nameOf(key), JSON.parse(json)])),
    conflicts: () => conflicts,

    ...recordsWith(),
    session: openSession,

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
