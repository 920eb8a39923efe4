import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type Azurite, startAzurite } from '../../local/azurite.ts';
import { type FunctionsProcess, startFunctionsProcess } from '../../local/functions-process.ts';
import { longshoreQueues } from '../../local/queues.ts';
import { type ServiceBusEmulator, startServiceBusEmulator } from '../../local/service-bus/index.ts';
import { RESOURCE_SETTINGS } from '../../shared/resources.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ROOT = path.resolve(import.meta.dirname, '../..');
let folder: string;
let storage: Azurite;
let serviceBus: ServiceBusEmulator;
const log: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'longshore-health-'));
  serviceBus = await startServiceBusEmulator({
    queues: longshoreQueues(),
  });
  storage = await startAzurite();
});
afterAll(async () => {
  await Promise.all([storage?.close(), serviceBus?.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** The functions with that configuration, until the test ends. */
async function start(configuration: string): Promise<FunctionsProcess> {
  const configFile = path.join(folder, 'longshore.yaml');
  await writeFile(configFile, configuration);
  const functions = await startFunctionsProcess({
    root: ROOT,
    settings: {
      AzureWebJobsStorage: storage.connectionString,
      ServiceBus: serviceBus.connectionString,
      LONGSHORE_CONFIG: configFile,
      ...RESOURCE_SETTINGS,
      POLL_SCHEDULE: '0 0 0 1 1 *',
    },
    onLog: (_level, _category, message) => void log.push(message),
  });
  // What it works with may be gone by then: an orderly end would wait for it.
  onTestFinished(() => functions.kill());
  return functions;
}

async function ask({ url }: FunctionsProcess, what: 'live' | 'ready') {
  const response = await fetch(`${url}/api/health/${what}`);
  const body: unknown = await response.json();
  return { status: response.status, body };
}

test('an app with a broken configuration starts, is alive, and says in its log all that is wrong', async () => {
  const functions = await start('watches:\n  - source: "no such name!"\n    tagz: "3.*"\n');
  expect(await ask(functions, 'live')).toMatchObject({ status: 200 });
  expect(await ask(functions, 'ready')).toMatchObject({
    status: 503,
    body: { status: 'unavailable', checks: [{ name: 'configuration', ok: false }] },
  });
  await expect.poll(() => log.join('\n')).toMatch(/longshore\.yaml:2:.*longshore\.yaml:3:/s);
});

test('every route starts with api/, and what registry clients call is free', async () => {
  const { url } = await start('watches: []\n');
  const statusOf = async (method: string, route: string) =>
    (await fetch(`${url}${route}`, { method })).status;
  expect(await statusOf('GET', '/api/health/live')).toBe(200);
  expect(await statusOf('GET', '/api/health/ready')).toBe(200);
  expect(await statusOf('GET', '/api/metrics')).toBe(200);
  // Nothing is configured under this name; a route that does not exist is another status than a webhook's.
  expect(await statusOf('GET', '/api/webhooks/hub')).toBe(405);
  for (const route of [
    '/',
    '/v2/',
    '/v2/library/node/manifests/22',
    '/health/live',
    '/metrics',
    '/webhooks/hub',
  ]) {
    expect([route, await statusOf('GET', route)]).toEqual([route, 404]);
  }
});

test('readiness names what is gone, and life goes on', async () => {
  const functions = await start('watches: []\n');
  const checks = (tables: boolean) => [
    { name: 'tables', ok: tables },
    { name: 'queue', ok: true },
    { name: 'set-aside queue', ok: true },
    { name: 'polls queue', ok: true },
    { name: 'transfers queue', ok: true },
  ];
  expect(await ask(functions, 'ready')).toMatchObject({ status: 200, body: { checks: checks(true) } });
  await storage.close();
  expect(await ask(functions, 'ready')).toMatchObject({ status: 503, body: { checks: checks(false) } });
  expect(await ask(functions, 'live')).toMatchObject({ status: 200, body: { status: 'ok' } });
});
