import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { runCli } from '../helpers/cli.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

const image = await buildImageIndex({ seed: 'apps', version: 1 });

/** A registry with these repositories and their tags, and a configuration; in its text, UP and DOWN are registries. */
async function world(content: Readonly<Record<string, readonly string[]>>, watches: string) {
  const upstream = await startTestRegistry();
  const target = await startTestRegistry();
  for (const [repository, tags] of Object.entries(content)) {
    await pushContent(upstream.url, repository, [...tags], image);
  }
  const config = join(await temporaryFolder(), 'watches.yaml');
  await writeFile(config, watches.replaceAll('UP', upstream.host).replaceAll('DOWN', target.host));
  const run = (...args: string[]) => runCli(['plan', '--config', config, ...args]);
  return { upstream, target, config, run };
}

const NODE = `watches:
  - name: node
    source: UP/base/node
    target: DOWN/mirror/node
    tags: { semver: ">=22", match: ["*-alpine"], exclude: ["*-rc*"], newest: 1 }
  - name: other
    source: UP/base/other
    target: DOWN/mirror/other
    tags: latest
`;
const CONTENT = {
  'base/node': [
    '20.1.0-alpine',
    '22.1.0',
    '22.1.0-alpine',
    '22.2.0-alpine',
    '22.3.0-rc1-alpine',
    '22-alpine',
  ],
  'base/other': ['latest'],
};

test('what is selected is explained tag by tag, without asking the target', async () => {
  const { run, target } = await world(CONTENT, NODE);
  expect(await run('--explain', '--watch', 'node')).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `node: 2 of 6 tags selected
  - 20.1.0-alpine      is outside the range (semver >=22)
  + 22-alpine          *-alpine and semver >=22, newest version
  - 22.1.0             does not match *-alpine
  - 22.1.0-alpine      not the newest version
  + 22.2.0-alpine      *-alpine and semver >=22, newest version
  - 22.3.0-rc1-alpine  excluded by *-rc*
`,
  });
  expect(target.requests).toEqual([]);
});

test('an explanation is there as JSON, of all watches', async () => {
  const { run } = await world(CONTENT, NODE);
  const { exitCode, stdout } = await run('--explain', '--json');
  const { watches } = JSON.parse(stdout);
  expect(exitCode).toBe(0);
  expect(watches).toMatchObject([
    { watch: 'node', unmatched: [], errors: [] },
    { watch: 'other', tags: [{ tag: 'latest', taken: true, rule: 'latest' }] },
  ]);
  expect(watches[0].tags).toContainEqual({
    tag: '22.1.0-alpine',
    taken: false,
    rule: 'not the newest version',
  });
});

test('an explanation of what cannot be listed, or takes nothing, says so', async () => {
  const { run } = await world(
    CONTENT,
    `watches:
  - { name: none, source: UP/base/node, target: DOWN/a, tags: { semver: ">=99" } }
  - { name: lost, source: UP/base/lost, target: DOWN/b, tags: "*" }
  - { name: timed, source: UP/base/node, target: DOWN/c, tags: { newest: { count: 1, by: time } } }
`,
  );
  const none = await run('--explain', '--watch', 'none');
  expect(none.exitCode).toBe(3);
  expect(none.stdout).toContain('none: 0 of 6 tags selected');
  expect(none.stdout).toContain('? semver >=99  matches no tag');
  const lost = await run('--explain', '--watch', 'lost', 'timed');
  expect(lost.exitCode).toBe(1);
  expect(lost.stdout).toMatch(/lost: 0 of 0 tags selected\n {2}! E_NOT_FOUND {2}Could not list tags/);
  expect(lost.stdout).toMatch(/timed: .*\n {2}! E_CONFIG .*/);
});

test('one watch is planned by its name, and a wrong name is wrong use', async () => {
  const { run } = await world(CONTENT, NODE);
  const other = await run('--watch', 'other');
  expect(other.exitCode).toBe(0);
  expect(other.stdout).toMatch(/^other: 1 tag, 1 to import/);
  expect(other.stdout).not.toContain('node:');
  expect(await run('--watch', 'nod')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('There is no watch "nod". The configuration has: node, other.'),
  });
});

test('repositories that match a pattern are planned each as a watch of its own', async () => {
  const { run, upstream, target } = await world(
    { 'apps/web': ['1.0', '1.1'], 'apps/api': ['2.0'], 'apps/team/deep': ['1.0'], 'base/node': ['22'] },
    `watches:
  - name: apps
    source: UP/apps/*
    target: DOWN/mirror/*
    tags: { newest: 1 }
  - name: web
    source: UP/apps/web
    target: DOWN/mirror/web
    tags: "1.0"
  - name: none
    source: UP/nothing-*
    target: DOWN/nothing/*
    tags: "*"
`,
  );
  const plan = await run();
  expect(plan.exitCode).toBe(1);
  const planned = plan.stdout.split('\n').filter((line) => /^\S|^ {2}[+!]/.test(line));
  expect(planned.map((line) => line.replace(/ {2}sha256.*| {2}\(.*/, ''))).toEqual([
    'web: 1 tag, 1 to import, 0 unchanged',
    `  + ${target.host}/mirror/web:1.0`,
    `apps: ${upstream.host}/apps/api: 1 tag, 1 to import, 0 unchanged`,
    `  + ${target.host}/mirror/api:2.0`,
    'none: 0 tags, 0 to import, 0 unchanged',
    expect.stringMatching(/^ {2}! E_NOT_FOUND {2}.* lists no repository that .*\/nothing-\* matches/),
  ]);
  const one = await run('--watch', `apps: ${upstream.host}/apps/api`);
  expect(one.stdout).toMatch(/^apps: .*\/apps\/api: 1 tag, 1 to import/);
});

test('what a pattern stands for is copied', async () => {
  const { run, config, target } = await world(
    { 'apps/web': ['1.0', '1.1', '1.1-slim'], 'apps/api': ['2.0'] },
    'watches: [{ name: apps, source: UP/apps/*, target: DOWN/mirror/*, tags: { newest: 1 } }]',
  );
  expect(await runCli(['sync', '--config', config])).toMatchObject({ exitCode: 0, stderr: '' });
  expect((await run()).exitCode).toBe(3);
  const answers = ['web', 'api'].map(async (name) => {
    const response = await fetch(`${target.url}/v2/mirror/${name}/tags/list`);
    return await response.json();
  });
  expect(await Promise.all(answers)).toMatchObject([{ tags: ['1.1'] }, { tags: ['2.0'] }]);
});
