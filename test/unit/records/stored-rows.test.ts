import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type * as z from 'zod';
import { fromColumns } from '../../../shared/azure/record-columns.ts';
import { ledgerSchema, pauseSchema } from '../../../shared/budget/index.ts';
import {
  blobRecordSchema,
  jobRecordSchema,
  tagRecordSchema,
  uploadRecordSchema,
} from '../../../shared/imports/index.ts';
import { observationSchema, pollStateSchema, watchRecordSchema } from '../../../shared/mirror/index.ts';
import { asRecordSchema, type RecordSchema } from '../../../shared/record-schema.ts';
import {
  arrivalSchema,
  exportPipelineSchema,
  importPipelineSchema,
  pipelineRunSchema,
} from '../../../shared/transfer/index.ts';
import { minuteAllowanceSchema, repositoryNotificationsSchema } from '../../../shared/webhooks/index.ts';

type Stored = z.ZodType<object> | RecordSchema<object>;
type Row = Readonly<Record<string, unknown>>;

/** Each table, and how its rows are read. Tables of two kinds of record have a kind in each partition. */
const TABLES: Readonly<Record<string, (partition: unknown) => Stored>> = {
  observations: () => observationSchema,
  polls: () => pollStateSchema,
  watches: () => watchRecordSchema,
  webhooks: () => repositoryNotificationsSchema,
  allowances: () => minuteAllowanceSchema,
  jobs: () => jobRecordSchema,
  tags: () => tagRecordSchema,
  blobs: () => blobRecordSchema,
  uploads: () => uploadRecordSchema,
  budgets: () => ledgerSchema,
  pauses: () => pauseSchema,
  pipelines: (partition) => (partition === 'export' ? exportPipelineSchema : importPipelineSchema),
  pipelineruns: () => pipelineRunSchema,
  arrivals: () => arrivalSchema,
};

const rowsOf = (table: string): readonly Row[] =>
  JSON.parse(readFileSync(new URL(`../../fixtures/records/${table}.json`, import.meta.url), 'utf8'));

/** The rows were written, through Azurite, by the last version that stored no `schemaVersion`. */
it.each(Object.keys(TABLES))(
  'reads the rows of version 1 in the table %s, and every field of them',
  (table) => {
    const rows = rowsOf(table);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const stored = fromColumns(row);
      const schema = TABLES[table]?.(row.partitionKey);
      expect(schema && asRecordSchema(schema).read(stored, table)).toEqual(stored);
    }
  },
);
