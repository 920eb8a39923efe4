import { describe, expect, it } from 'vitest';
import { parseRepositoryName } from '../../../shared/content/index.ts';
import { type PruneOptions, type PrunePorts, prune } from '../../../shared/retention/prune.ts';
import { createMemoryRecords, type RecordsMoment } from '../../helpers/memory-records.ts';
import { fillTables, namesIn, type PrunableTables } from '../../helpers/prunable-tables.ts';
import { createWatch } from '../mirror/fixtures.ts';

const DAY_MS = 24 * 60 * 60_000;
const START = new Date('2026-01-01T00:00:00Z');
const A_YEAR_LATER = new Date(START.getTime() + 365 * DAY_MS);

function createTables(at: (moment: RecordsMoment) => void | Promise<void> = () => {}): PrunableTables {
  const options = { now: () => START, at };
  return {
    jobs: createMemoryRecords(options),
    tags: createMemoryRecords(options),
    observations: createMemoryRecords(options),
    watches: createMemoryRecords(options),
    polls: createMemoryRecords(options),
    blobs: createMemoryRecords(options),
    uploads: createMemoryRecords(options),
    runs: createMemoryRecords(options),
    arrivals: createMemoryRecords(options),
    events: createMemoryRecords(options),
  };
}

function pruneAll(tables: PrunableTables, more: Partial<PrunePorts> = {}, options?: PruneOptions) {
  const watch = {
    ...createWatch({ name: 'app', targets: ['acme.azurecr.io/base/app'] }),
    source: parseRepositoryName('docker.io/library/app'),
  };
  return prune(
    {
      ...tables,
      configured: { watches: [watch], patterns: [] },
      retentionMs: 90 * DAY_MS,
      containers: async () => [{ pipeline: 'Inbound', hasBlob: async (name) => name === 'there.tar' }],
      now: () => A_YEAR_LATER,
      ...more,
    },
    options,
  );
}

describe('pruning', () => {
  it('removes of every table what nobody needs, and nothing else', async () => {
    const tables = createTables();
    const { stays, goes } = await fillTables(tables, START);
    const reports = await pruneAll(tables);
    expect(await namesIn(tables)).toEqual(stays);
    expect(reports.map(({ name, removed }) => [name, removed])).toEqual([
      ['watches', 1],
      ['polls', 1],
      ['observations', 1],
      ['uploads', 1],
      ['pipelineruns', 1],
      ['jobs', 5],
      ['events', 1],
      ['blobs', 1],
      ['arrivals of Inbound', 2],
    ]);
    expect(reports.reduce((sum, { removed }) => sum + removed, 0)).toBe(goes.length);
    expect(reports.every(({ isComplete, error }) => isComplete && !error)).toBe(true);
  });

  it('finds nothing more the second time', async () => {
    const tables = createTables();
    const { stays } = await fillTables(tables, START);
    await pruneAll(tables);
    expect((await pruneAll(tables)).filter(({ removed }) => removed > 0)).toEqual([]);
    expect(await namesIn(tables)).toEqual(stays);
  });

  it('removes nothing that was written within the retention period, whatever it says', async () => {
    const tables = createTables();
    const { stays, goes } = await fillTables(tables, START);
    const soon = new Date(START.getTime() + 7 * DAY_MS);
    const reports = await pruneAll(tables, { now: () => soon });
    const left = goes.filter((name) => name.startsWith('uploads '));
    expect(reports.filter(({ removed }) => removed > 0)).toMatchObject([{ name: 'uploads' }]);
    expect(await namesIn(tables)).toEqual([...stays, ...goes].filter((name) => !left.includes(name)).sort());
  });

  it('goes on with the other tables, and other pipelines, when one cannot be read', async () => {
    const tables = createTables();
    const { stays, goes } = await fillTables(tables, START);
    const broken = {
      ...tables.polls,
      writtenBefore: () => {
        throw new Error('storage is busy');
      },
    };
    const refused = () => Promise.reject(new Error('no right to read'));
    const reports = await pruneAll(tables, {
      polls: broken,
      containers: async () => [
        { pipeline: 'elsewhere', hasBlob: refused },
        { pipeline: 'inbound', hasBlob: async (name) => name === 'there.tar' },
      ],
    });
    expect(reports.filter(({ error }) => error)).toMatchObject([
      { name: 'polls', error: { message: 'storage is busy' } },
      { name: 'arrivals of elsewhere', error: { message: 'no right to read' } },
    ]);
    const kept = goes.filter((name) => name.startsWith('polls '));
    expect(await namesIn(tables)).toEqual([...stays, ...kept].sort());
  });

  it('may die at any operation: the next time ends the same', async () => {
    let operations = 0;
    for (let n = 1; ; n += 1) {
      let left = Number.POSITIVE_INFINITY;
      const tables = createTables(() => {
        left -= 1;
        if (left < 0) throw new Error('died');
      });
      const { stays, goes } = await fillTables(tables, START);
      left = n;
      const reports = await pruneAll(tables);
      const died = left < 0;
      left = Number.POSITIVE_INFINITY;
      expect(reports.some(({ error }) => error)).toBe(died);
      const names = await namesIn(tables);
      expect(names).toEqual(expect.arrayContaining([...stays]));
      expect(names.length).toBeLessThanOrEqual(stays.length + goes.length);
      await pruneAll(tables);
      expect(await namesIn(tables)).toEqual(stays);
      operations = n;
      if (!died) break;
    }
    expect(operations).toBeGreaterThan(40);
  });
});
