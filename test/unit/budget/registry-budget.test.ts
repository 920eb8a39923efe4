import { expect, test } from 'vitest';
import { registriesPart } from '../../../shared/app/parts/registries.ts';
import { createBudgets, type Ledger, outsidePauses, type Pause } from '../../../shared/budget/index.ts';
import { systemClock } from '../../../shared/clock.ts';
import { parseConfig } from '../../../shared/config/index.ts';
import { digestOf, OCI_MANIFEST } from '../../../shared/content/index.ts';
import { createRegistryClient, type RateLimitReport } from '../../../shared/registry/index.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';
import { createMemoryTables } from '../../helpers/memory-tables.ts';
import { type Reply, scriptedServer } from '../../helpers/scripted-server.ts';
import { FakeTiming } from '../registry/client-under-test.ts';

const MANIFEST = '{"schemaVersion":2}';
const ROOT = digestOf(MANIFEST);
const announced = (remaining: number) => ({
  'ratelimit-limit': '10;w=60',
  'ratelimit-remaining': `${remaining};w=60`,
  'docker-ratelimit-source': '192.0.2.1',
});
const found = (headers: Readonly<Record<string, string>>): Reply => ({
  headers: {
    'content-type': OCI_MANIFEST,
    'docker-content-digest': ROOT,
    'content-length': String(MANIFEST.length),
    ...headers,
  },
  body: MANIFEST,
});

function stores() {
  return { ledgers: createMemoryRecords<Ledger>(), pauses: createMemoryRecords<Pause>() };
}

test('a pull that is repeated is counted each time, and every answer is listened to', async () => {
  const answers = [found(announced(5)), { status: 503, headers: announced(5) }, found(announced(3))];
  const server = await scriptedServer(() => answers.shift() ?? { status: 500 });
  const tables = createMemoryTables();
  const config = parseConfig(
    `registries: { "${server.host}": { budget: { reserve: 1 }, credentials: { username: acme, password: { env: P } } } }`,
    'f',
    { P: 'secret' },
  );
  const { facade, openSource } = registriesPart(config, {
    clock: systemClock,
    records: tables.open,
    connectRegistries: (options) => createRegistryClient({ timing: new FakeTiming(), ...options }),
  });
  const name = { registry: server.host, repository: 'library/app' };
  const opened = openSource(name, { root: ROOT, platforms: [], pulls: undefined });
  await opened.source.fetchManifest(ROOT);
  await opened.close();
  expect(server.log).toEqual([
    `HEAD /v2/library/app/manifests/${ROOT}`,
    `GET /v2/library/app/manifests/${ROOT}`,
    `GET /v2/library/app/manifests/${ROOT}`,
  ]);
  const [ledger] = Object.values(tables.table('budgets').contents());
  expect(ledger).toMatchObject({ account: '192.0.2.1', taken: 2, leases: [] });
  expect(await Array.fromAsync(facade.budgets())).toMatchObject([{ limit: 10, available: 2, keptBack: 1 }]);
});

test('imports leave a registry alone that refused a pull of another worker', async () => {
  const server = await scriptedServer(({ method }) =>
    method === 'HEAD' ? found({}) : { status: 429, headers: { 'retry-after': '3600' } },
  );
  const records = stores();
  const name = { registry: server.host, repository: 'library/app' };
  const client = createRegistryClient({ timing: new FakeTiming() });
  const pull = async () => {
    const budgets = createBudgets({ ...records, configured: () => ({ policy: {}, account: 'anonymous' }) });
    const { source } = budgets.open(client.repository(name), { root: ROOT, platforms: [] });
    await source.fetchManifest(ROOT);
  };
  await expect(pull()).rejects.toMatchObject({ code: 'E_RATE_LIMITED', status: 429 });
  const asked = server.requests.length;
  await expect(pull()).rejects.toMatchObject({ code: 'E_RATE_LIMITED', status: undefined });
  expect(server.requests.length).toBe(asked);
});

test('polls leave a registry alone that told another worker to', async () => {
  const server = await scriptedServer(({ method }) =>
    method === 'HEAD' ? { status: 429, headers: { 'retry-after': '3600' } } : {},
  );
  const records = stores();
  const configured = () => ({ policy: {}, account: 'anonymous' });
  const [told, other] = [
    createBudgets({ ...records, configured }),
    createBudgets({ ...records, configured }),
  ];
  const client = createRegistryClient({ timing: new FakeTiming(), onRateLimit: told.observe });
  const name = { registry: server.host, repository: 'library/app' };
  const limited = { code: 'E_RATE_LIMITED' };
  await expect(outsidePauses(told, client).repository(name).resolve('1')).rejects.toMatchObject(limited);
  await told.settled();
  const asked = server.requests.length;
  const repository = outsidePauses(other, client).repository(name);
  await expect(repository.resolve('1')).rejects.toMatchObject(limited);
  await expect(Array.fromAsync(repository.tags())).rejects.toMatchObject(limited);
  expect(server.requests.length).toBe(asked);
});

test('what answers say of limits is told once for each, and nothing of those that are silent', async () => {
  const reports: RateLimitReport[] = [];
  const answers = [
    found(announced(7)),
    found({}),
    found({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '30' }),
  ];
  const server = await scriptedServer(() => answers.shift() ?? { status: 500 });
  const client = createRegistryClient({
    timing: new FakeTiming(),
    onRateLimit: (report) => void reports.push(report),
  });
  const repository = client.repository({ registry: server.host, repository: 'library/app' });
  for (let times = 0; times < 3; times += 1) await repository.resolve('1');
  expect(reports).toEqual([
    {
      registry: server.host,
      api: 'registry',
      pulls: { limit: 10, windowSeconds: 60, remaining: 7, source: '192.0.2.1' },
    },
    { registry: server.host, api: 'registry', pauseMs: 30_000 },
  ]);
});
