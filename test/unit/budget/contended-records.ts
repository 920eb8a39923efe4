import type { RecordKey, Records } from '../../../shared/records.ts';

/**
 * One table that many processes write, with the times and the pauses of a real one: a write that finds that another
 * came first is tried again after a random pause that grows, and given up after 30 times.
 */
export function contendedRecords<T extends object>(
  sleep: (ms: number) => Promise<void>,
  random: () => number,
): Pick<Records<T>, 'get' | 'update' | 'remove' | 'list'> & {
  readonly stats: { writes: number; conflicts: number; mostInARow: number };
} {
  const rows = new Map<string, { readonly json: string; readonly version: number }>();
  const stats = { writes: 0, conflicts: 0, mostInARow: 0 };
  const idOf = ({ partition, row }: RecordKey) => `${partition}/${row}`;
  const travel = () => sleep(2 + random() * 6);
  const read = (id: string): T | undefined => JSON.parse(rows.get(id)?.json ?? 'null') ?? undefined;
  return {
    stats,
    async get(key) {
      await travel();
      return read(idOf(key));
    },
    async update(key, change) {
      const id = idOf(key);
      for (let attempt = 1; attempt <= 30; attempt += 1) {
        await travel();
        const version = rows.get(id)?.version ?? 0;
        const current = read(id);
        const next = change(current);
        if (next === undefined || next === current) return current;
        await travel();
        if ((rows.get(id)?.version ?? 0) === version) {
          rows.set(id, { json: JSON.stringify(next), version: version + 1 });
          stats.writes += 1;
          await travel();
          return next;
        }
        stats.conflicts += 1;
        stats.mostInARow = Math.max(stats.mostInARow, attempt);
        await sleep(random() * Math.min(500, 10 * 2 ** attempt));
      }
      throw new Error(`${id} was changed by others each of the 30 times it was to be written.`);
    },
    async remove(key) {
      rows.delete(idOf(key));
    },
    async *list() {
      for (const [id, { json }] of rows) {
        const [partition = '', row = ''] = id.split('/');
        yield { key: { partition, row }, value: JSON.parse(json) as T };
      }
    },
  };
}
