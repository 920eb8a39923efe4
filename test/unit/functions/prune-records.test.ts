import { expect, it } from 'vitest';
import { pruneRecords } from '../../../functions/prune-records.ts';
import { createApp, createInvocation } from './invocation.ts';

it('logs what came of each table, with the facts as fields', async () => {
  const { context, lines } = createInvocation();
  const error = { code: 'E_TIMEOUT', message: 'Table blobs did not answer within 30 s.' };
  const app = createApp({
    prune: async () => [
      { name: 'jobs', examined: 12, removed: 5, isComplete: true },
      { name: 'blobs', examined: 64, removed: 3, isComplete: false, error },
    ],
  });
  await pruneRecords(app, context);
  expect(lines).toEqual([
    'information records pruned {"records":"jobs","examined":12,"removed":5,"isComplete":true}',
    'error records cannot be pruned {"records":"blobs","examined":64,"removed":3,"isComplete":false,"code":"E_TIMEOUT","message":"Table blobs did not answer within 30 s."}',
  ]);
});
