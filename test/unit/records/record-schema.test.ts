import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { asRecordSchema, defineRecord, readableRecords } from '../../../shared/record-schema.ts';
import { collect } from '../../helpers/collect.ts';
import { createMemoryTables } from '../../helpers/memory-tables.ts';

const first = z.object({ label: z.string() });
const third = defineRecord({
  version: 3,
  schema: z.object({ name: z.string(), size: z.number() }),
  upgrades: [({ label, ...rest }) => ({ ...rest, name: label }), (stored) => ({ ...stored, size: 0 })],
});
const key = (row: string) => ({ partition: 'p', row });

describe('a record schema', () => {
  it('reads a row without a version as version 1', () => {
    expect(asRecordSchema(first).read({ label: 'a' }, 'It')).toEqual({ label: 'a' });
  });

  it('stores the version beside the fields', () => {
    expect(asRecordSchema(first).write({ label: 'a' }, 'It')).toEqual({ label: 'a', schemaVersion: 1 });
    expect(third.write({ name: 'a', size: 1 }, 'It')).toEqual({ name: 'a', size: 1, schemaVersion: 3 });
  });

  it('upgrades a row through every version since its own', () => {
    expect(third.read({ label: 'a' }, 'It')).toEqual({ name: 'a', size: 0 });
    expect(third.read({ schemaVersion: 2, name: 'a' }, 'It')).toEqual({ name: 'a', size: 0 });
    expect(third.read({ schemaVersion: 3, name: 'a', size: 4 }, 'It')).toEqual({ name: 'a', size: 4 });
  });

  it('refuses a row of a later version by name', () => {
    expect(() => asRecordSchema(first).read({ schemaVersion: 2, label: 'a' }, 'The record')).toThrow(
      expect.objectContaining({
        code: 'E_RECORD_VERSION',
        message: expect.stringMatching(
          /^The record has schema version 2, .* reads up to 1\. Update Longshore/,
        ),
      }),
    );
  });

  it.each([0, 1.5, '1', null])('refuses %j as a version', (schemaVersion) => {
    expect(() => asRecordSchema(first).read({ schemaVersion, label: 'a' }, 'It')).toThrow(
      'It has no valid schemaVersion',
    );
  });

  it('checks what is written and what an upgrade made', () => {
    expect(() => asRecordSchema(first).write({ label: 1 } as never, 'It')).toThrow(
      'It does not match its schema: label',
    );
    expect(() => third.read({ label: 1 }, 'It')).toThrow('It does not match its schema: name');
  });

  it('wants one upgrade for each earlier version', () => {
    expect(() => defineRecord({ version: 2, schema: first, upgrades: [] })).toThrow(RangeError);
  });
});

describe('a table with a row of a later version', () => {
  async function mixed() {
    const tables = createMemoryTables();
    const later = tables.open('jobs', third);
    await later.update(key('b'), () => ({ name: 'new', size: 1 }));
    const records = tables.open('jobs', first);
    await records.update(key('a'), () => ({ label: 'a' }));
    await records.update(key('c'), () => ({ label: 'c' }));
    return { records, later };
  }

  it('never writes that row', async () => {
    const { records, later } = await mixed();
    await expect(records.update(key('b'), () => ({ label: 'mine' }))).rejects.toMatchObject({
      code: 'E_RECORD_VERSION',
    });
    expect(await later.get(key('b'))).toEqual({ name: 'new', size: 1 });
  });

  it('lists all others before it fails', async () => {
    const { records } = await mixed();
    const seen: string[] = [];
    const listing = (async () => {
      for await (const { value } of records.list()) seen.push(value.label);
    })();
    await expect(listing).rejects.toMatchObject({ code: 'E_RECORD_VERSION' });
    expect(seen).toEqual(['a', 'c']);
  });

  it('lists and finds the others alone for those to whom a part is enough', async () => {
    const { records } = await mixed();
    expect(await collect(readableRecords(records.list()))).toHaveLength(2);
    expect(await records.search({}, 10)).toHaveLength(2);
  });
});
