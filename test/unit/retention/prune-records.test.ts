import { describe, expect, it } from 'vitest';
import { type Pruning, type PruningOptions, pruneRecords } from '../../../shared/retention/prune-records.ts';
import { createMemoryRecords, type MemoryRecords, type RecordsMoment } from '../../helpers/memory-records.ts';

interface Note {
  readonly text: string;
  readonly isOver: boolean;
}

const WRITTEN = new Date('2026-01-01T00:00:00Z');
const LATER = new Date('2026-01-02T00:00:00Z');
const options: PruningOptions = { limits: { removals: 1000, enough: new AbortController().signal } };

/** Notes of which every second one is over. */
async function createNotes(
  count: number,
  at?: (moment: RecordsMoment) => void | Promise<void>,
): Promise<MemoryRecords<Note>> {
  const records = createMemoryRecords<Note>({ now: () => WRITTEN, ...(at && { at }) });
  for (let n = 0; n < count; n += 1) {
    const row = String(n).padStart(4, '0');
    await records.update({ partition: 'p', row }, () => ({ text: row, isOver: n % 2 === 0 }));
  }
  return records;
}

function pruningOf(records: MemoryRecords<Note>): Pruning<Note> {
  return { name: 'notes', records, before: LATER, isPast: ({ value }) => value.isOver };
}

const namesOf = (records: MemoryRecords<Note>) => Object.keys(records.contents());

describe('pruneRecords', () => {
  it('removes what is past and nothing else', async () => {
    const records = await createNotes(500);
    const report = await pruneRecords(pruningOf(records), options);
    expect(report).toEqual({ name: 'notes', examined: 500, removed: 250, isComplete: true });
    expect(Object.values(records.contents()).every(({ isOver }) => !isOver)).toBe(true);
    expect(namesOf(records)).toHaveLength(250);
  });

  it('does not look at what was written since, nor at other partitions', async () => {
    const records = await createNotes(4);
    const { before: _, ...rest } = pruningOf(records);
    expect(await pruneRecords({ ...rest, before: WRITTEN }, options)).toMatchObject({ examined: 0 });
    expect(await pruneRecords({ ...pruningOf(records), partition: 'q' }, options)).toMatchObject({
      examined: 0,
    });
    expect(namesOf(records)).toHaveLength(4);
  });

  it('removes nothing in a dry run, and says what it would', async () => {
    const records = await createNotes(10);
    const report = await pruneRecords(pruningOf(records), { ...options, dryRun: true });
    expect(report).toMatchObject({ examined: 10, removed: 5, isComplete: true });
    expect(namesOf(records)).toHaveLength(10);
  });

  it('leaves a record that somebody writes between the look and the removal', async () => {
    const records = await createNotes(2);
    const report = await pruneRecords(
      {
        ...pruningOf(records),
        async isPast({ key, value }) {
          await records.update(key, () => ({ ...value, text: 'written' }));
          return value.isOver;
        },
      },
      options,
    );
    expect(report).toMatchObject({ examined: 2, removed: 0, isComplete: true });
    expect(records.contents()).toMatchObject({
      'p/0000': { text: 'written' },
      'p/0001': { text: 'written' },
    });
  });

  it('ends when it removed enough, and goes on the next time', async () => {
    const records = await createNotes(1000);
    const limits = { ...options.limits, removals: 100 };
    const first = await pruneRecords(pruningOf(records), { limits });
    expect(first.isComplete).toBe(false);
    expect(first.removed).toBeGreaterThanOrEqual(100);
    expect(first.removed).toBeLessThan(200);
    let runs = 1;
    while (!(await pruneRecords(pruningOf(records), { limits })).isComplete) runs += 1;
    expect(runs).toBeLessThan(6);
    expect(namesOf(records)).toHaveLength(500);
  });

  it('ends when its time is up', async () => {
    const records = await createNotes(4);
    const limits = { ...options.limits, enough: AbortSignal.abort() };
    expect(await pruneRecords(pruningOf(records), { limits })).toEqual({
      name: 'notes',
      examined: 0,
      removed: 0,
      isComplete: false,
    });
    expect(namesOf(records)).toHaveLength(4);
  });

  it('throws the reason when it is stopped', async () => {
    const records = await createNotes(4);
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(pruneRecords(pruningOf(records), { ...options, signal })).rejects.toThrow('stopped');
  });

  it('reports what fails, once nothing is under way any more', async () => {
    let underWay = 0;
    const records = await createNotes(200);
    const report = await pruneRecords(
      {
        ...pruningOf(records),
        async isPast({ key }) {
          underWay += 1;
          await new Promise(setImmediate);
          underWay -= 1;
          if (key.row === '0003') throw new Error('storage is gone');
          return true;
        },
      },
      options,
    );
    expect(underWay).toBe(0);
    expect(report).toMatchObject({
      isComplete: false,
      error: { code: 'E_UNKNOWN', message: 'storage is gone' },
    });
    expect(namesOf(records)).toContain('p/0003');
    expect(namesOf(records)).toHaveLength(200 - report.removed);
  });
});
