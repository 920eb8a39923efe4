import { expect, it } from 'vitest';
import { createAzureClients, createTableRecords } from '../../shared/azure/index.ts';
import { digestOf } from '../../shared/content/index.ts';
import { createUploadSessions, uploadRecordSchema } from '../../shared/imports/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { collect } from '../helpers/collect.ts';

const storage = useAzurite();

it('an upload kept in an Azure table is found by one other worker, and gone once it is over', async () => {
  const table = () => createAzureClients().table({ kind: 'connectionString', value: storage() }, 'uploads');
  const records = createTableRecords({ table, schema: uploadRecordSchema });
  const sessions = createUploadSessions(records);
  const blob = { registry: 'mirror.test:5000', repository: 'acme/app', digest: digestOf('layer') };
  const kept = {
    location: 'https://mirror.test:5000/v2/acme/app/blobs/uploads/1?_state=signed%3D%3D',
    offset: 5 * 2 ** 30,
    size: 6 * 2 ** 30,
    chunkBytes: 2 ** 24,
    savedAt: new Date(),
  };
  const first = await sessions.claim(blob);
  expect(await first?.save(kept)).toBe(true);
  await first?.release();

  const claims = await Promise.all([sessions.claim(blob), sessions.claim(blob), sessions.claim(blob)]);
  const [second, ...others] = claims.filter((claim) => claim !== undefined);
  expect(others).toEqual([]);
  expect(second?.saved).toEqual(kept);
  await second?.forget();
  await second?.release();
  expect(await collect(records.list())).toEqual([]);
});
