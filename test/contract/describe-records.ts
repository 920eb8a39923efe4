import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { RecordKey, Records, TableRecords } from '../../shared/records.ts';
import { collect } from '../helpers/collect.ts';

/** What the suite keeps: every shape a record's field may have. */
export const noteSchema = z.object({
  text: z.string(),
  count: z.number(),
  done: z.boolean().optional(),
  /** A name that storage services like to keep for themselves. */
  etag: z.string().optional(),
  parent: z.string().nullable().optional(),
  tags: z.array(z.string()).optional(),
  origin: z.object({ registry: z.string(), sizes: z.array(z.number()) }).optional(),
});
export type Note = z.infer<typeof noteSchema>;

const key: RecordKey = { partition: 'docker.io/library/node', row: '22-alpine' };
const note: Note = { text: 'first', count: 1 };

/** What every adapter of the `Records` port does. `create` gives records of their own to each test, empty. */
export function describeRecords(name: string, create: () => TableRecords<Note>): void {
  describeStore(name, create);
  describeStore(`a session of ${name}`, () => {
    const records = create();
    return { ...records, ...records.session() };
  });
  describeSessions(name, create);
}

function describeStore(name: string, create: () => TableRecords<Note>): void {
  const put = (records: Records<Note>, at: RecordKey, value: Note) => records.update(at, () => value);

  describe(`${name} as records`, () => {
    it('has nothing where nothing was written', async () => {
      const records = create();
      expect(await records.get(key)).toBeUndefined();
      expect(await collect(records.list())).toEqual([]);
      expect(await collect(records.list('docker.io/library/node'))).toEqual([]);
      await expect(records.remove(key)).resolves.toBeUndefined();
    });

    it('gives back what was written, with every kind of field', async () => {
      const records = create();
      const full: Note = {
        text: "quotes \" and '', line\nbreaks, ünïcödé 🐳",
        count: -0.5,
        done: false,
        etag: '"0x8D"',
        parent: null,
        tags: ['22', 'latest', ''],
        origin: { registry: 'docker.io', sizes: [0, 2 ** 40] },
      };
      expect(await put(records, key, full)).toEqual(full);
      expect(await records.get(key)).toEqual(full);
    });

    it.each([
      ['a whole number', { text: '', count: 42 }],
      ['a number beyond 32 bits', { text: '', count: Date.UTC(2026, 0) }],
      ['a text that looks like a date', { text: '2026-01-01T00:00:00.000Z', count: 0 }],
      ['a text that looks like a number', { text: '0012', count: 0 }],
      ['a long text', { text: '0123456789'.repeat(9_000), count: 0 }],
      ['a long list', { text: '', count: 0, tags: Array.from({ length: 3000 }, (_, i) => `sha256:${i}`) }],
    ] satisfies [string, Note][])('keeps %s as it is', async (_, value) => {
      const records = create();
      await put(records, key, value);
      expect(await records.get(key)).toEqual(value);
    });

    it('changes a record by what stands there', async () => {
      const records = create();
      await put(records, key, { ...note, tags: ['gone'] });
      const after = await records.update(
        key,
        (current) => current && { text: 'second', count: current.count + 1 },
      );
      expect(after).toEqual({ text: 'second', count: 2 });
      expect(await records.get(key)).toEqual({ text: 'second', count: 2 });
    });

    it('leaves a record as it is when told nothing new', async () => {
      const records = create();
      expect(await records.update(key, () => undefined)).toBeUndefined();
      expect(await records.get(key)).toBeUndefined();
      await put(records, key, note);
      expect(await records.update(key, () => undefined)).toEqual(note);
      expect(await records.update(key, (current) => current)).toEqual(note);
      expect(await records.get(key)).toEqual(note);
    });

    it('is not changed by what happens to a value outside of it', async () => {
      const records = create();
      const value = { ...note, tags: ['22'] };
      await put(records, key, value);
      value.tags.push('23');
      const read = await records.get(key);
      read?.tags?.push('24');
      expect(await records.get(key)).toEqual({ ...note, tags: ['22'] });
    });

    it('removes a record, which then can be written anew', async () => {
      const records = create();
      await put(records, key, note);
      await records.remove(key);
      expect(await records.get(key)).toBeUndefined();
      await put(records, key, { ...note, count: 7 });
      expect(await records.get(key)).toEqual({ ...note, count: 7 });
    });

    it('passes on what a change throws, and writes nothing', async () => {
      const records = create();
      const refusal = new Error('no');
      await expect(
        records.update(key, () => {
          throw refusal;
        }),
      ).rejects.toBe(refusal);
      expect(await records.get(key)).toBeUndefined();
    });

    it('lists a partition in key order, and no other', async () => {
      const records = create();
      const rows = ['b', 'a/b', 'a', 'a.b', 'A', 'a-b', '10', '9', 'a b'];
      for (const row of rows) await put(records, { partition: 'p/1', row }, { text: row, count: 0 });
      await put(records, { partition: 'p', row: 'other' }, note);
      const listed = await collect(records.list('p/1'));
      expect(listed.map(({ key: { row } }) => row)).toEqual([...rows].sort());
      expect(
        listed.every(({ key: { row, partition }, value }) => partition === 'p/1' && value.text === row),
      ).toBe(true);
      expect(await collect(records.list())).toHaveLength(rows.length + 1);
    });

    it('takes any text as a key', async () => {
      const records = create();
      const texts = [
        'docker.io/library/node:22@sha256:0',
        'a\\b#c?d%2Fe',
        "o'clock ''",
        '',
        ' ',
        '..',
        '~.~',
        'tab\tnew\nline\u0000\u007f\u0085',
        'naïve 🐳 \ud83d',
        '%',
        'a+b&c=d;e,f',
      ];
      for (const [count, text] of texts.entries())
        await put(records, { partition: text, row: text }, { text: 'x', count });
      for (const [count, text] of texts.entries()) {
        expect(await records.get({ partition: text, row: text })).toEqual({ text: 'x', count });
      }
      const listed = await collect(records.list());
      expect(new Set(listed.map((record) => record.key.row))).toEqual(new Set(texts));
      for (const text of texts) expect(await collect(records.list(text))).toHaveLength(1);
    });

    it('tells which records were written before a time, of a partition or of all', async () => {
      const records = create();
      const earlier = new Date(Date.now() - 60_000);
      const soon = () => new Date(Date.now() + 60_000);
      expect(await collect(records.writtenBefore(soon()))).toEqual([]);
      await put(records, key, note);
      await put(records, { partition: 'other', row: 'b' }, note);
      const all = await collect(records.writtenBefore(soon()));
      expect(all).toMatchObject([{ value: note }, { value: note }]);
      expect(await collect(records.writtenBefore(soon(), 'other'))).toMatchObject([
        { key: { partition: 'other', row: 'b' }, value: note },
      ]);
      expect(await collect(records.writtenBefore(earlier))).toEqual([]);
      expect(await collect(records.writtenBefore(earlier, 'other'))).toEqual([]);
    });

    it('removes a record as it was read, and none that was written since', async () => {
      const records = create();
      const read = async () => {
        const [record] = await collect(records.writtenBefore(new Date(Date.now() + 60_000)));
        if (!record) throw new Error('expected a record');
        return record;
      };
      await put(records, key, note);
      const before = await read();
      await put(records, key, { ...note, count: 2 });
      expect(await records.removeWritten(before)).toBe(false);
      expect(await records.get(key)).toEqual({ ...note, count: 2 });
      const now = await read();
      expect(await records.removeWritten(now)).toBe(true);
      expect(await records.get(key)).toBeUndefined();
      expect(await records.removeWritten(now)).toBe(true);
      await put(records, key, note);
      expect(await records.removeWritten(now)).toBe(false);
      expect(await records.get(key)).toEqual(note);
    });

    it('finds the records that have a text in a field, in key order and no more than asked for', async () => {
      const records = create();
      for (const [row, text] of [
        ['c', "it's"],
        ['a', "it's"],
        ['b', 'other'],
        ['d', "it's"],
      ] as const)
        await put(records, { partition: 'p', row }, { text, count: 1 });
      const rows = async (limit: number) =>
        (await records.search({ equals: { text: "it's" } }, limit)).map(({ key: { row } }) => row);
      expect(await rows(10)).toEqual(['a', 'c', 'd']);
      expect(await rows(2)).toEqual(['a', 'c']);
      expect(await rows(0)).toEqual([]);
      expect(await records.search({ equals: { text: 'it' } }, 10)).toEqual([]);
    });

    it('counts records that match, as far as is asked for', async () => {
      const records = create();
      expect(await records.count({}, 10)).toBe(0);
      for (const row of ['a', 'b', 'c']) await put(records, { partition: row, row }, note);
      await put(records, key, { ...note, text: 'other' });
      expect(await records.count({ equals: { text: note.text } }, 10)).toBe(3);
      expect(await records.count({ equals: { text: note.text } }, 2)).toBe(2);
      expect(await records.count({}, 10)).toBe(4);
      expect(await records.count({}, 0)).toBe(0);
    });

    it('finds the records that were written since a time', async () => {
      const records = create();
      await put(records, key, note);
      const earlier = new Date(Date.now() - 60_000);
      const soon = new Date(Date.now() + 60_000);
      expect(await records.search({ writtenSince: earlier }, 10)).toEqual([{ key, value: note }]);
      expect(await records.search({ writtenSince: soon }, 10)).toEqual([]);
      expect(await records.count({ writtenSince: earlier, equals: { text: 'other' } }, 10)).toBe(0);
    });

    it('loses no change of twenty writers at once', async () => {
      const records = create();
      const add = (current: Note | undefined): Note => ({ text: 'sum', count: (current?.count ?? 0) + 1 });
      await Promise.all(Array.from({ length: 20 }, () => records.update(key, add)));
      expect(await records.get(key)).toEqual({ text: 'sum', count: 20 });
    });

    it('writes what is expected to be new, and asks again when it is there after all', async () => {
      const records = create();
      const add = (current: Note | undefined): Note => ({ text: 'sum', count: (current?.count ?? 0) + 1 });
      expect(await records.update(key, add, { isNew: true })).toEqual({ text: 'sum', count: 1 });
      expect(await records.update(key, add, { isNew: true })).toEqual({ text: 'sum', count: 2 });
      expect(await records.update(key, (current) => current ?? note, { isNew: true })).toMatchObject({
        count: 2,
      });
      expect(await records.get(key)).toEqual({ text: 'sum', count: 2 });
    });

    it('changes many records of a partition, and tells of each what came of it', async () => {
      const records = create();
      const { partition } = key;
      const row = (at: number) => `tag/${at}`;
      await put(records, { partition, row: row(7) }, { text: 'there', count: 70 });
      await put(records, { partition, row: 'kept' }, note);
      const changes = Array.from({ length: 230 }, (_, at) => ({
        row: row(at),
        isNew: true,
        change: (current: Note | undefined): Note => ({ text: 'x', count: (current?.count ?? 0) + at }),
      }));
      const results = await records.updateAll(partition, [
        ...changes,
        {
          row: 'refused',
          change: () => {
            throw new Error('no');
          },
        },
        { row: 'kept', change: (current) => current },
        { row: 'absent', change: () => undefined, isNew: true },
      ]);
      expect(results).toHaveLength(233);
      expect(results[7]).toEqual({ status: 'fulfilled', value: { text: 'x', count: 77 } });
      expect(results[229]).toEqual({ status: 'fulfilled', value: { text: 'x', count: 229 } });
      expect(results[230]).toMatchObject({ status: 'rejected', reason: new Error('no') });
      expect(results[231]).toEqual({ status: 'fulfilled', value: note });
      expect(results[232]).toEqual({ status: 'fulfilled', value: undefined });
      const stored = new Map(
        (await collect(records.list(partition))).map(({ key, value }) => [key.row, value]),
      );
      expect(stored.size).toBe(231);
      expect(stored.get(row(7))).toEqual({ text: 'x', count: 77 });
    });

    it('loses no change of those that change the same records at once', async () => {
      const records = create();
      const add = (current: Note | undefined): Note => ({ text: 'sum', count: (current?.count ?? 0) + 1 });
      const changes = ['a', 'b', 'c'].map((row) => ({ row, change: add, isNew: true }));
      await Promise.all([1, 2, 3, 4].map(() => records.updateAll('p', changes)));
      expect((await collect(records.list('p'))).map(({ value }) => value.count)).toEqual([4, 4, 4]);
    });

    it('takes large records, however many', async () => {
      const records = create();
      const text = 'x'.repeat(400_000);
      const changes = Array.from({ length: 12 }, (_, at) => ({
        row: `${at}`,
        isNew: true,
        change: () => ({ text, count: at }),
      }));
      const results = await records.updateAll('p', changes);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(12);
      const last = await records.get({ partition: 'p', row: '11' });
      expect(last?.text === text).toBe(true);
      expect(last?.count).toBe(11);
    });
  });
}

function describeSessions(name: string, create: () => TableRecords<Note>): void {
  const add = (current: Note | undefined): Note => ({ text: 'sum', count: (current?.count ?? 0) + 1 });

  describe(`sessions of ${name}`, () => {
    it('overwrite nothing that others wrote since', async () => {
      const records = create();
      const [one, other] = [records.session(), records.session()];
      await one.update(key, add);
      await other.update(key, add);
      await one.update(key, add);
      await records.update(key, add);
      expect(await other.update(key, add)).toEqual({ text: 'sum', count: 5 });
      await Promise.all(
        [one, other].map((session) => session.updateAll(key.partition, [{ row: key.row, change: add }])),
      );
      expect(await records.get(key)).toEqual({ text: 'sum', count: 7 });
    });

    it('write anew what others removed, and see what others made', async () => {
      const records = create();
      const session = records.session();
      await session.update(key, add);
      await records.remove(key);
      expect(await session.update(key, add)).toEqual({ text: 'sum', count: 1 });
      await session.remove(key);
      await records.update(key, add);
      expect(await session.update(key, add)).toEqual({ text: 'sum', count: 2 });
    });

    it('never leave a record as it is on the word of what they remember', async () => {
      const records = create();
      const session = records.session();
      await session.update(key, () => ({ text: 'busy', count: 1 }));
      await records.update(key, () => ({ text: 'free', count: 2 }));
      const claim = (current: Note | undefined) =>
        current?.text === 'free' ? { text: 'claimed', count: current.count } : current;
      expect(await session.update(key, claim)).toEqual({ text: 'claimed', count: 2 });
      expect(await session.update(key, claim)).toEqual({ text: 'claimed', count: 2 });
      await records.update(key, () => ({ text: 'other', count: 3 }));
      expect(await session.update(key, claim)).toEqual({ text: 'other', count: 3 });
      expect(await session.get(key)).toEqual({ text: 'other', count: 3 });
    });

    it('remember what they found absent, and what they listed', async () => {
      const records = create();
      const session = records.session();
      expect(await session.get(key)).toBeUndefined();
      await records.update(key, add);
      expect(await session.update(key, add)).toEqual({ text: 'sum', count: 2 });
      const listing = records.session();
      await collect(listing.list());
      await records.update(key, add);
      expect(await listing.update(key, add)).toEqual({ text: 'sum', count: 4 });
      expect(listing.session()).toBe(listing);
    });
  });
}
