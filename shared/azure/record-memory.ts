import type { RecordKey } from '../records.ts';
import type { FoundRecord } from './record-table.ts';

/** The record last seen under a key; `record` is `undefined` when there was none. */
export interface Remembered<T> {
  readonly record: FoundRecord<T> | undefined;
}

/** What one session last saw of each record. */
export interface RecordMemory<T> {
  recall(key: RecordKey): Remembered<T> | undefined;
  remember(key: RecordKey, record: FoundRecord<T> | undefined): void;
  forget(key: RecordKey): void;
}

export function createRecordMemory<T>(): RecordMemory<T> {
  const seen = new Map<string, Remembered<T>>();
  const idOf = ({ partition, row }: RecordKey) => JSON.stringify([partition, row]);
  return {
    recall: (key) => seen.get(idOf(key)),
    remember: (key, record) => void seen.set(idOf(key), { record }),
    forget: (key) => void seen.delete(idOf(key)),
  };
}

/** For callers without a session. */
export const NO_MEMORY: RecordMemory<never> = {
  recall: () => undefined,
  remember() {},
  forget() {},
};
