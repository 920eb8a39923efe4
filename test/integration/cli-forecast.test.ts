import { appendFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf, OCI_INDEX, OCI_MANIFEST } from '../../shared/content/index.ts';
import { runCli } from '../helpers/cli.ts';
import { listen } from '../helpers/listen.ts';
import { temporaryFolder } from '../helpers/test-registry.ts';

/**
 * A registry with four tags of an index of some three entries, nobody may pull from it; in `base/mixed` one of the tags
 * is a plain image, and `base/broken` does not work.
 */
async function startUpstream(limit: number) {
  const log: string[] = [];
  const server = createServer(({ method, url = '' }, response) => {
    log.push(`${method} ${url.split('?')[0]}`);
    if (url.includes('/copy/')) {
      response.writeHead(404).end();
      return;
    }
    if (url.startsWith('/v2/_catalog')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ repositories: ['base/node', 'libs/a', 'libs/b'] }));
      return;
    }
    if (url.includes('/tags/list')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name: 'base/node', tags: ['22', '24', '25-rc1', '26'] }));
      return;
    }
    if (url.includes('/broken/')) {
      response.writeHead(403).end();
      return;
    }
    response.setHeader('content-type', url.endsWith('/mixed/manifests/24') ? OCI_MANIFEST : OCI_INDEX);
    response.setHeader('content-length', 1400);
    response.setHeader('docker-content-digest', digestOf('index'));
    response.setHeader('ratelimit-limit', `${limit};w=21600`);
    response.setHeader('ratelimit-remaining', `${limit - 1};w=21600`);
    response.writeHead(method === 'HEAD' ? 200 : 500).end();
  });
  return { host: await listen(server), log };
}

async function world(limit: number) {
  const upstream = await startUpstream(limit);
  const config = join(await temporaryFolder(), 'longshore.yaml');
  await writeFile(
    config,
    `registries:
  ${upstream.host}: { budget: { reserve: 50% } }
watches:
  - name: node
    source: ${upstream.host}/base/node
    targets: [${upstream.host}/copy/node, ${upstream.host}/copy/other]
    tags: { include: ["2*"], exclude: ["*-rc*"] }
`,
  );
  const run = (...flags: string[]) => runCli(['forecast', '--config', config, ...flags]);
  return { ...upstream, config, run };
}

test('a configuration that fits is forecast by one listing and a few HEADs, without a pull', async () => {
  const { host, log, run } = await world(100);
  expect(await run()).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `${host}: 0.8 of 100 pulls per 6 h (50 kept back), 96 other requests
  first fill: 24 pulls, within one window
  remaining now: 99 pulls

WATCH  TAGS  PULLS/IMAGE  TARGETS  FIRST FILL  PULLS/WINDOW  REQUESTS/POLL
node   3     4            2        24          0.8           4

Assumed: each tag moves 4 times a month.
`,
  });
  expect(log.filter((line) => !line.endsWith('/v2/'))).toEqual([
    'GET /v2/base/node/tags/list',
    'HEAD /v2/base/node/manifests/22',
    'HEAD /v2/base/node/manifests/24',
    'HEAD /v2/base/node/manifests/26',
  ]);
});

test('a repository with indexes in some tags and images in others costs what they do on average', async () => {
  const { host, config, run } = await world(100);
  await appendFile(
    config,
    `  - { name: mixed, source: ${host}/base/mixed, target: registry.invalid/mixed, tags: { include: ["2*"], exclude: ["*-rc*"] } }
`,
  );
  const { watches } = JSON.parse((await run('--json')).stdout);
  // An index of three twice, an image once.
  expect(watches[1]).toMatchObject({ watch: 'mixed', tags: 3, pullsPerImage: 3, firstFillPulls: 9 });
});

test('of many tags a few are asked for, from the first to the last', async () => {
  const { host, config, log, run } = await world(100);
  const tags = Array.from({ length: 21 }, (_, at) => `"1.${at}"`).join(', ');
  await writeFile(
    config,
    `watches: [{ name: many, source: ${host}/base/many, target: registry.invalid/many, tags: [${tags}] }]`,
  );
  await run();
  expect(log.filter((line) => line.startsWith('HEAD')).map((line) => line.split('/').at(-1))).toEqual([
    '1.0',
    '1.5',
    '1.10',
    '1.15',
    '1.20',
  ]);
});

test('a registry that cannot be asked makes the forecast fail, and the rest of it is printed', async () => {
  const { host, config, run } = await world(100);
  await appendFile(
    config,
    `  - { name: broken, source: ${host}/base/broken, target: registry.invalid/broken, tags: ["22"] }
`,
  );
  const { exitCode, stdout } = await run();
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^node +3 +4 /m);
  expect(stdout).toMatch(/^broken +1 +~17 /m);
  expect(stdout).toMatch(/^! broken {2}E_DENIED {2}/m);
});

test('watches whose registry sends notifications are polled as rarely as its webhook allows', async () => {
  const { host, config, run } = await world(100);
  const before = JSON.parse((await run('--json')).stdout);
  await appendFile(
    config,
    `webhooks:
  - { name: ours, from: distribution, registry: ${host}, secret: { env: OUR_SECRET }, pollEvery: 1d }
`,
  );
  const environment = { OUR_SECRET: 'a-secret-of-enough-characters' };
  const flags = ['forecast', '--config', config, '--json'];
  const after = JSON.parse((await runCli(flags, { environment })).stdout);
  expect(before.watches[0]).toMatchObject({ pollsPerDay: 96 });
  expect(after.watches[0]).toMatchObject({ pollsPerDay: 1, fedBy: 'ours', requestsPerPoll: 4 });
  expect(after.registries[0].requestsPerWindow).toBeLessThan(before.registries[0].requestsPerWindow);
});

test('what does not fit ends with exit code 1, as JSON too', async () => {
  const { host, run } = await world(10);
  const { exitCode, stdout } = await run('--json', '--changes-per-month', '60');
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    assumptions: { changesPerMonth: 60 },
    registries: [{ registry: host, limit: 10, keptBack: 5, pullsPerWindow: 12, fits: false }],
    watches: [{ watch: 'node', tags: 3, assumed: [] }],
    gaps: [],
  });
});

test('offline nothing is asked, and what was assumed is marked', async () => {
  const { log, run } = await world(100);
  const { exitCode, stdout } = await run('--offline');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('(no limit known)');
  expect(stdout).toMatch(/^node +~10 +~17 +2 +340 /m);
  expect(stdout).toContain('numbers marked ~ are estimates');
  expect(log).toEqual([]);
});

test('what a pattern stands for is forecast repository by repository, and what is paused not at all', async () => {
  const { host, config, run } = await world(100);
  await appendFile(
    config,
    `  - { name: all, source: ${host}/libs/*, target: registry.invalid/libs/*, tags: ["22"] }
  - { name: resting, source: ${host}/base/other, target: registry.invalid/other, tags: ["22"], paused: true }
`,
  );
  const { watches, gaps } = JSON.parse((await run('--json')).stdout);
  expect(watches.map(({ watch }: { watch: string }) => watch)).toEqual([
    'node',
    `all: ${host}/libs/a`,
    `all: ${host}/libs/b`,
  ]);
  expect(watches[1]).toMatchObject({ tags: 1, pullsPerImage: 4, firstFillPulls: 4, assumed: [] });
  expect(gaps).toEqual([]);
  expect(JSON.parse((await run('--json', '--offline')).stdout)).toMatchObject({
    watches: [{ watch: 'node' }],
    gaps: [{ watch: 'all', message: expect.stringContaining('only the registry knows') }],
  });
});

test('a number of changes that is none is wrong use', async () => {
  const { run } = await world(100);
  const bad = await run('--changes-per-month', 'often');
  expect(bad).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Expected a number of changes') });
});

test('a plan says what its imports cost of what is left', async () => {
  const { host, config } = await world(100);
  const { stdout } = await runCli(['plan', '--config', config]);
  expect(stdout).toContain(`  = about 24 pulls of ${host}; 99 of 100 per 6 h are left\n`);
});
