import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TransactionAction } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type * as z from 'zod';
import { createAzureClients, createTableRecords } from '../../shared/azure/index.ts';
import { parseRepositoryName } from '../../shared/content/index.ts';
import { eventRecordSchema } from '../../shared/events/index.ts';
import {
  blobRecordSchema,
  jobRecordSchema,
  tagRecordSchema,
  uploadRecordSchema,
} from '../../shared/imports/index.ts';
import { observationSchema, pollStateSchema, watchRecordSchema } from '../../shared/mirror/index.ts';
import { prune } from '../../shared/retention/prune.ts';
import { arrivalSchema, pipelineRunSchema } from '../../shared/transfer/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { runCli } from '../helpers/cli.ts';
import { fillTables, namesIn, type PrunableTables } from '../helpers/prunable-tables.ts';
import { temporaryFolder } from '../helpers/test-registry.ts';
import { createWatch } from '../unit/mirror/fixtures.ts';

const DAY_MS = 24 * 60 * 60_000;
const storage = useAzurite();

function tableClient(name: string) {
  return createAzureClients().table({ kind: 'connectionString', value: storage() }, name);
}

/** Tables in storage, by default some that nobody else uses. */
function createTables(prefix = `t${randomUUID().replaceAll('-', '')}`): PrunableTables {
  const records = <T extends object>(name: string, schema: z.ZodType<T>) =>
    createTableRecords<T>({ table: () => tableClient(`${prefix}${name}`), schema });
  return {
    jobs: records('jobs', jobRecordSchema),
    tags: records('tags', tagRecordSchema),
    observations: records('observations', observationSchema),
    watches: records('watches', watchRecordSchema),
    polls: records('polls', pollStateSchema),
    blobs: records('blobs', blobRecordSchema),
    uploads: records('uploads', uploadRecordSchema),
    runs: records('pipelineruns', pipelineRunSchema),
    arrivals: records('arrivals', arrivalSchema),
    events: records('events', eventRecordSchema),
  };
}

/** Prunes as if a year had gone by since the records were written. */
function pruneAfterAYear(tables: PrunableTables) {
  const watch = {
    ...createWatch({ name: 'app', targets: ['acme.azurecr.io/base/app'] }),
    source: parseRepositoryName('docker.io/library/app'),
  };
  return prune({
    ...tables,
    configured: { watches: [watch], patterns: [] },
    retentionMs: 90 * DAY_MS,
    containers: async () => [{ pipeline: 'inbound', hasBlob: async (name) => name === 'there.tar' }],
    now: () => new Date(Date.now() + 365 * DAY_MS),
  });
}

/** The tables with `at` called before each removal. */
function beforeRemovals(tables: PrunableTables, at: () => Promise<void> | void): PrunableTables {
  const watched = (records: PrunableTables[keyof PrunableTables]) => ({
    ...records,
    async removeWritten(record: Parameters<typeof records.removeWritten>[0]) {
      await at();
      return await records.removeWritten(record);
    },
  });
  const entries = Object.entries(tables).map(([name, records]) => [name, watched(records)]);
  return Object.fromEntries(entries);
}

describe('pruning tables in storage', () => {
  it('removes what nobody needs, and nothing else', async () => {
    const tables = createTables();
    const { stays, goes } = await fillTables(tables, new Date());
    const reports = await pruneAfterAYear(tables);
    expect(reports.filter(({ error }) => error)).toEqual([]);
    expect(reports.reduce((sum, { removed }) => sum + removed, 0)).toBe(goes.length);
    expect(await namesIn(tables)).toEqual(stays);
    expect((await pruneAfterAYear(tables)).every(({ removed }) => removed === 0)).toBe(true);
  });

  it('has nothing to do in a new account', async () => {
    const reports = await pruneAfterAYear(createTables());
    expect(reports.every(({ examined, isComplete }) => examined === 0 && isComplete)).toBe(true);
  });

  it.each([1, 2, 5, 9, 12])('that ended at the removal no. %d ends the same the next time', async (n) => {
    const tables = createTables();
    const { stays } = await fillTables(tables, new Date());
    let removals = 0;
    await pruneAfterAYear(
      beforeRemovals(tables, () => {
        removals += 1;
        if (removals >= n) throw new Error('died');
      }),
    );
    expect(await namesIn(tables)).toEqual(expect.arrayContaining([...stays]));
    await pruneAfterAYear(tables);
    expect(await namesIn(tables)).toEqual(stays);
  });

  it('leaves a record that somebody writes before it is removed', async () => {
    const tables = createTables();
    const key = { partition: 'acme.azurecr.io', row: 'sha256:1' };
    await tables.blobs.update(key, () => ({ repositories: ['base/app'] }));
    const write = () =>
      tables.blobs.update(key, () => ({ repositories: ['base/other', 'base/app'] })).then(() => {});
    const reports = await pruneAfterAYear(beforeRemovals(tables, write));
    expect(reports.find(({ name }) => name === 'blobs')).toMatchObject({ examined: 1, removed: 0 });
    expect(await tables.blobs.get(key)).toEqual({ repositories: ['base/other', 'base/app'] });
    await pruneAfterAYear(tables);
    expect(await tables.blobs.get(key)).toBeUndefined();
  });

  it('removes while it reads on, page by page', async () => {
    const prefix = `t${randomUUID().replaceAll('-', '')}`;
    const client = await tableClient(`${prefix}blobs`);
    await client.createTable();
    for (let batch = 0; batch < 21; batch += 1) {
      await client.submitTransaction(
        Array.from({ length: 100 }, (_, row): TransactionAction => {
          const entity = {
            partitionKey: 'acme.azurecr.io',
            rowKey: `${batch}-${row}`,
            repositories_json: '[]',
          };
          return ['create', entity];
        }),
      );
    }
    const tables = createTables(prefix);
    const reports = await pruneAfterAYear(tables);
    expect(reports.find(({ name }) => name === 'blobs')).toMatchObject({ examined: 2100, removed: 2100 });
    expect(await namesIn(tables)).toEqual([]);
  });
});

describe('longshore prune', () => {
  it('removes old records, and says so; status then reads only what is left', async () => {
    const tables = createTables('');
    const { stays, goes } = await fillTables(tables, new Date());
    const service = BlobServiceClient.fromConnectionString(storage());
    const container = service.getContainerClient('inbound');
    await container.create();
    await container.getBlockBlobClient('there.tar').upload('x', 1);
    const folder = await temporaryFolder();
    const configFile = path.join(folder, 'longshore.yaml');
    await writeFile(
      configFile,
      `retention: 90d
watches:
  - { name: app, source: docker.io/library/app, target: acme.azurecr.io/base/app, tags: "1" }
transfer:
  registry: acme.azurecr.io
  importPipelines:
    - { name: inbound, source: { uri: "${container.url}", storageAccessMode: ManagedIdentity } }
`,
    );
    const environment = {
      AzureWebJobsStorage: storage(),
      ServiceBus:
        'Endpoint=sb://127.0.0.1;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;',
      LONGSHORE_CONFIG: configFile,
    };
    const run = (...args: string[]) => runCli(args, { environment });
    expect(await run('prune')).toEqual({ exitCode: 3, stdout: '0 records removed\n', stderr: '' });

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 365 * DAY_MS });
    onTestFinished(() => void vi.useRealTimers());
    const { jobs: before } = JSON.parse((await run('status', '--json')).stdout);
    const dry = await run('prune', '--dry-run', '--json');
    expect(dry).toMatchObject({ exitCode: 0, stderr: '' });
    const { dryRun, tables: reports } = JSON.parse(dry.stdout);
    expect(dryRun).toBe(true);
    expect(reports).toContainEqual({ name: 'jobs', examined: 13, removed: 4, isComplete: true });
    expect(await namesIn(tables)).toEqual([...stays, ...goes].sort());

    const { exitCode, stdout, stderr } = await run('prune');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^${goes.length} records removed\n`));
    expect(stdout).toMatch(/^ {2}jobs +5 of 13 older than the retention period$/m);
    expect(stdout).toMatch(/^ {2}arrivals of inbound +2 of 4 older than the retention period$/m);
    expect(await namesIn(tables)).toEqual(stays);
    const { jobs: after } = JSON.parse((await run('status', '--json')).stdout);
    expect([before.length, after.length]).toEqual([13, 8]);
    expect(await run('prune')).toMatchObject({ exitCode: 3 });
  });
});
