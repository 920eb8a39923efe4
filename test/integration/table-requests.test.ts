import { expect, it } from 'vitest';
import { createApp } from '../../shared/app/create-app.ts';
import { createAzureClients, createTableRecords } from '../../shared/azure/index.ts';
import { parseRepositoryName } from '../../shared/content/index.ts';
import { lazy } from '../../shared/memo.ts';
import type { OpenRecords } from '../../shared/records.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { image } from '../helpers/memory-content.ts';
import { memoryPorts } from '../helpers/memory-ports.ts';
import { RefreshWorld, WATCH } from '../helpers/refresh-world.ts';

const storage = useAzurite();
const MINUTE_MS = 60_000;

/** An application whose tables are in Azurite, in a world otherwise in memory, with the requests that it sends there. */
function countedApp(world: RefreshWorld) {
  const requests: Record<string, number> = {};
  const records: OpenRecords = (name, schema) => {
    const table = lazy(async () => {
      const connection = { kind: 'connectionString', value: storage() } as const;
      const client = await createAzureClients().table(connection, name);
      client.pipeline.addPolicy({
        name: 'count',
        sendRequest(request, next) {
          const { method, url } = request;
          const what = url.includes('$batch') ? 'BATCH' : url.includes('()?') ? 'LIST' : method;
          requests[`${name} ${what}`] = (requests[`${name} ${what}`] ?? 0) + 1;
          return next(request);
        },
      });
      return client;
    });
    return createTableRecords({ table, schema });
  };
  const ports = { ...memoryPorts(world, { wrap: (port) => port }), records };
  const retentionMs = 90 * 24 * 60 * MINUTE_MS;
  const { watches } = world;
  const app = createApp({ watches, patterns: [], registries: new Map(), webhooks: [], retentionMs }, ports);
  return {
    app,
    /** Requests since the last call, by table and what was asked. */
    requests() {
      const taken = { ...requests };
      for (const what of Object.keys(requests)) delete requests[what];
      return taken;
    },
    async deliver() {
      for (const { body, done } of world.queues.imports.due(world.time)) {
        expect(await app.runImport(body)).toMatchObject({ kind: 'done', state: 'succeeded' });
        done();
      }
    },
  };
}

/** A pull of a limited upstream is booked in the table `budgets`, for many workers at once: not what is counted here. */
const sum = (requests: Record<string, number>) =>
  Object.entries(requests).reduce(
    (all, [what, count]) => (what.startsWith('budgets') ? all : all + count),
    0,
  );

const TAGS = 50;
const WATCHES = 12;

it('newly seen tags take three transactions for each hundred, and seven requests for the import of each', async () => {
  const world = new RefreshWorld({ watches: [WATCH], style: 'in order', limit: 10_000 });
  const { app, requests, deliver } = countedApp(world);
  world.push('first', image('first'));
  await app.poll();
  await deliver();
  requests();
  for (let tag = 0; tag < TAGS; tag += 1) world.push(`${tag}`, image(`app ${tag}`));
  world.time += 15 * MINUTE_MS;
  await app.poll();
  const { 'pauses GET': _, ...polled } = requests();
  expect(polled).toEqual({
    ...{ 'polls LIST': 1, 'polls PUT': 2, 'observations LIST': 1, 'watches GET': 1, 'watches PUT': 1 },
    ...{ 'observations BATCH': 2, 'jobs BATCH': 1 },
  });
  await deliver();
  const worked = requests();
  expect(worked).toMatchObject({ 'jobs GET': TAGS, 'jobs PUT': 2 * TAGS });
  expect(worked).toMatchObject({ 'tags POST': TAGS, 'tags PUT': TAGS, 'events POST': TAGS });
  expect(sum(worked)).toBeLessThanOrEqual(7 * TAGS);
});

it('an unchanged watch takes a claim, a listing and an end', async () => {
  const watches = Array.from({ length: WATCHES }, (_, at) => ({
    ...{ ...WATCH, name: `app-${at}`, tags: { include: ['1'], exclude: [] } },
    targets: [parseRepositoryName(`mirror.test/app-${at}`)],
  }));
  const world = new RefreshWorld({ watches, style: 'in order', limit: 10_000 });
  const { app, requests } = countedApp(world);
  world.push('1', image('app'));
  await app.poll();
  requests();
  world.time += 15 * MINUTE_MS;
  await app.poll();
  const { 'pauses GET': _, ...polled } = requests();
  expect(polled).toEqual({
    ...{ 'polls LIST': 1, 'watches LIST': 1 },
    ...{ 'polls PUT': 2 * WATCHES, 'observations LIST': WATCHES },
  });
});
