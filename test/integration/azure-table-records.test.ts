import { randomUUID } from 'node:crypto';
import type { TableClient } from '@azure/data-tables';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as z from 'zod';
import { createAzureClients, createTableRecords } from '../../shared/azure/index.ts';
import { describeRecords, noteSchema } from '../contract/describe-records.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { collect } from '../helpers/collect.ts';

const storage = useAzurite();

function newTable(): () => Promise<TableClient> {
  const name = `records${randomUUID().replaceAll('-', '')}`;
  return () => createAzureClients().table({ kind: 'connectionString', value: storage() }, name);
}

describeRecords('an Azure table', () => createTableRecords({ table: newTable(), schema: noteSchema }));

describe('records in an Azure table', () => {
  const key = { partition: 'p/q', row: 'r' };

  it('gives each scalar field a column that can be queried', async () => {
    const table = newTable();
    const records = createTableRecords({ table, schema: noteSchema });
    await records.update(key, () => ({ text: 'x', count: 12, done: true, tags: ['a'] }));
    const client = await table();
    const filter = "text eq 'x' and count gt 11.5 and done eq true";
    const found = await collect(client.listEntities({ queryOptions: { filter } }));
    expect(found).toMatchObject([{ partitionKey: 'p.~q', rowKey: 'r', count: 12, tags_json: '["a"]' }]);
  });

  it('names table and key of a row that does not match its schema', async () => {
    const table = newTable();
    const records = createTableRecords({ table, schema: noteSchema });
    const client = await table();
    await client.createTable();
    await client.createEntity({ partitionKey: 'p.~q', rowKey: 'r', text: 'x', count: 'many' });
    const message = new RegExp(`"r" of partition "p/q" in table ${client.tableName} .*count: `);
    await expect(records.get(key)).rejects.toThrow(message);
    await expect(collect(records.list())).rejects.toThrow(message);
    await expect(records.update(key, () => ({ text: '', count: 0 }))).rejects.toThrow(message);
  });

  it('names table and key of a row whose JSON is broken', async () => {
    const table = newTable();
    const client = await table();
    await client.createTable();
    await client.createEntity({ partitionKey: 'p.~q', rowKey: 'r', text: 'x', count: 1, tags_json: '["a"' });
    const records = createTableRecords({ table, schema: noteSchema });
    await expect(records.get(key)).rejects.toThrow(`"r" of partition "p/q" in table ${client.tableName}`);
  });

  it('refuses to write what it could not read', async () => {
    const records = createTableRecords({ table: newTable(), schema: z.object({ count: z.number().min(1) }) });
    await expect(records.update(key, () => ({ count: 0 }))).rejects.toThrow(
      /does not match its schema: count:/,
    );
    expect(await records.get(key)).toBeUndefined();
  });

  it('refuses a record larger than a table holds, and a key longer', async () => {
    const records = createTableRecords({ table: newTable(), schema: z.object({ text: z.string() }) });
    const large = { text: 'x'.repeat(600_000) };
    await expect(records.update(key, () => large)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    const long = { partition: 'p', row: '/'.repeat(600) };
    await expect(records.get(long)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  });

  it('holds the largest record it takes', async () => {
    const records = createTableRecords({ table: newTable(), schema: z.object({ text: z.string() }) });
    const large = { text: 'x'.repeat(498_000) };
    await records.update(key, () => large);
    expect(await records.get(key)).toEqual(large);
  });

  it('makes the table once for many first writers', async () => {
    const table = newTable();
    const makers = Array.from({ length: 5 }, () => createTableRecords({ table, schema: noteSchema }));
    const write = (count: number) => ({ text: 'x', count });
    await Promise.all(
      makers.map((records, i) => records.update({ partition: 'p', row: `${i}` }, () => write(i))),
    );
    const [records] = makers;
    expect(records && (await collect(records.list('p')))).toHaveLength(5);
  });

  it('counts a write once when its answer is lost and the SDK repeats it', async () => {
    const client = await newTable()();
    client.pipeline.addPolicy({
      name: 'loseFirstAnswerToWrites',
      async sendRequest(request, next) {
        if (request.method === 'PUT') await next(request);
        return next(request);
      },
    });
    const records = createTableRecords({ table: async () => client, schema: noteSchema });
    const add = (current?: { count: number }) => ({ text: 'sum', count: (current?.count ?? 0) + 1 });
    await records.update(key, add);
    expect(await records.update(key, add)).toEqual({ text: 'sum', count: 2 });
    expect(await records.get(key)).toEqual({ text: 'sum', count: 2 });
  });

  it.each([
    ['a record written anew', 'POST', { isNew: true }],
    ['a record that a session remembers', 'PUT', {}],
  ])('counts %s once when its answer is lost', async (_, method, options) => {
    const client = await newTable()();
    const records = createTableRecords({ table: async () => client, schema: noteSchema }).session();
    const add = (current?: { count: number }) => ({ text: 'sum', count: (current?.count ?? 0) + 1 });
    if (method === 'PUT') await records.update(key, add);
    else await client.createTable();
    let isLost = false;
    client.pipeline.addPolicy({
      name: 'loseAnAnswer',
      async sendRequest(request, next) {
        if (request.method === method && !isLost) {
          isLost = true;
          await next(request);
        }
        return await next(request);
      },
    });
    const count = method === 'PUT' ? 2 : 1;
    expect(await records.update(key, add, options)).toEqual({ text: 'sum', count });
    expect(await records.get(key)).toEqual({ text: 'sum', count });
    expect(isLost).toBe(true);
  });

  it('counts a transaction once when its answer is lost', async () => {
    const client = await newTable()();
    const records = createTableRecords({ table: async () => client, schema: noteSchema }).session();
    await client.createTable();
    const add = (current?: { count: number }) => ({ text: 'sum', count: (current?.count ?? 0) + 1 });
    const changes = ['a', 'b'].map((row) => ({ row, change: add, isNew: true }));
    let lost = 0;
    client.pipeline.addPolicy({
      name: 'loseAnswersToTransactions',
      async sendRequest(request, next) {
        if (request.url.includes('$batch')) {
          lost += 1;
          await next(request);
        }
        return await next(request);
      },
    });
    await records.updateAll('p', changes);
    expect(await records.updateAll('p', changes)).toMatchObject([
      { value: { count: 2 } },
      { value: { count: 2 } },
    ]);
    expect((await collect(records.list('p'))).map(({ value }) => value.count)).toEqual([2, 2]);
    expect(lost).toBe(2);
  });

  it('writes the first records of a table that is missing together', async () => {
    const client = await newTable()();
    const asked: string[] = [];
    client.pipeline.addPolicy({
      name: 'count',
      sendRequest(request, next) {
        asked.push(request.method);
        return next(request);
      },
    });
    const records = createTableRecords({ table: async () => client, schema: noteSchema });
    const change = () => ({ text: 'first', count: 1 });
    const rows = ['a', 'b', 'c'].map((row) => ({ row, change, isNew: true }));
    await records.updateAll('p', rows);
    // The transaction, the table, and the transaction again.
    expect(asked).toEqual(['POST', 'POST', 'POST']);
    expect(await collect(records.list('p'))).toHaveLength(3);
  });

  it('asks no more of the service than it has to', async () => {
    const client = await newTable()();
    await client.createTable();
    const asked: string[] = [];
    client.pipeline.addPolicy({
      name: 'count',
      sendRequest(request, next) {
        asked.push(request.method);
        return next(request);
      },
    });
    const requests = () => asked.splice(0).join(' ');
    const records = createTableRecords({ table: async () => client, schema: noteSchema }).session();
    const set = (text: string) => () => ({ text, count: 0 });
    await records.update(key, set('inserted'), { isNew: true });
    expect(requests()).toBe('POST');
    await records.update(key, set('changed'));
    expect(requests()).toBe('PUT');
    await records.update(key, (current) => current);
    expect(requests()).toBe('GET');
    await records.update({ partition: 'p', row: 'unknown' }, set('read first'));
    expect(requests()).toBe('GET POST');
    const rows = Array.from({ length: 150 }, (_, at) => ({ row: `${at}`, change: set('new'), isNew: true }));
    await records.updateAll('many', rows);
    expect(requests()).toBe('POST POST');
    await records.updateAll(
      'many',
      rows.map(({ row }) => ({ row, change: set('changed') })),
    );
    expect(requests()).toBe('POST POST');
  });

  it('gives up with a sentence when others are always faster', async () => {
    const client = await newTable()();
    const records = createTableRecords({ table: async () => client, schema: noteSchema });
    await records.update(key, () => ({ text: '', count: 0 }));
    client.pipeline.addPolicy({
      name: 'othersAreFaster',
      sendRequest(request, next) {
        if (request.method === 'PUT')
          request.headers.set('if-match', 'W/"datetime\'2020-01-01T00%3A00%3A00Z\'"');
        return next(request);
      },
    });
    vi.spyOn(Math, 'random').mockReturnValue(0);
    onTestFinished(() => void vi.restoreAllMocks());
    let asked = 0;
    const update = records.update(key, () => ({ text: '', count: ++asked }));
    await expect(update).rejects.toThrow(/"r" of partition "p\/q" .* was changed by others/);
    expect(asked).toBeGreaterThan(10);
  });

  it('streams a partition of more than one page', async () => {
    const client = await newTable()();
    const records = createTableRecords({ table: async () => client, schema: noteSchema });
    await records.update({ partition: 'p', row: 'first' }, () => ({ text: '', count: 0 }));
    for (let batch = 0; batch < 11; batch += 1) {
      await client.submitTransaction(
        Array.from({ length: 100 }, (_, i) => [
          'create',
          { partitionKey: 'p', rowKey: `${batch}-${i}`, text: '', count: i },
        ]),
      );
    }
    expect(await collect(records.list('p'))).toHaveLength(1101);
  });

  it('passes on other failures instead of calling the record absent', async () => {
    const value = storage().replace(/AccountKey=[^;]+/, 'AccountKey=bm90IHRoZSBrZXk=');
    const table = () => createAzureClients().table({ kind: 'connectionString', value }, 'anything');
    const records = createTableRecords({ table, schema: noteSchema });
    await expect(records.get(key)).rejects.toMatchObject({ statusCode: 403 });
  });
});
