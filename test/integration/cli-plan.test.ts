import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { runCli, runCliProcess } from '../helpers/cli.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

const version = async (number: number) => buildImageIndex({ seed: 'node', version: number });

/** An upstream with three tags, an empty target, and a configuration that says to copy two of them. */
async function world(moreWatches = '') {
  const upstream = await startTestRegistry();
  const target = await startTestRegistry();
  for (const tag of ['22', '24', '25-rc1']) {
    await pushContent(upstream.url, 'base/node', [tag], await version(Number.parseInt(tag, 10)));
  }
  const folder = await temporaryFolder();
  const config = join(folder, 'watches.yaml');
  await writeFile(
    config,
    `watches:
  - name: node
    source: ${upstream.host}/base/node
    target: ${target.host}/mirror/node
    tags: { include: ["2*"], exclude: ["*-rc*"] }
${moreWatches}`,
  );
  return { upstream, target, config, name: `${target.host}/mirror/node` };
}

test('a plan lists what would be imported and why, and changes nothing', async () => {
  const { upstream, target, config, name } = await world();
  const plan = await runCliProcess(['plan', '--config', config]);
  const short = async (number: number) => (await version(number)).root.digest.slice(0, 'sha256:'.length + 12);
  expect(plan).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `node: 2 tags, 2 to import, 0 unchanged  (1 listing, 2 HEADs, no pulls)
  + ${name}:22  ${await short(22)}  new tag
  + ${name}:24  ${await short(24)}  new tag
`,
  });
  const methods = new Set(
    [...upstream.requests, ...target.requests].map(({ method, kind }) => `${method} ${kind}`),
  );
  expect([...methods].filter((one) => !['GET tags', 'HEAD manifest'].includes(one))).toEqual([
    // The upstream was filled by this test.
    'HEAD blob',
    'POST uploads',
    'PUT upload',
    'PUT manifest',
  ]);
  expect(target.requests.every(({ kind }) => kind === 'tags')).toBe(true);
});

test('a target that has some of the tags is planned the rest, as JSON', async () => {
  const { target, config, name } = await world();
  await pushContent(target.url, 'mirror/node', ['22'], await version(22));
  await pushContent(target.url, 'mirror/node', ['24'], await version(1));
  await pushContent(target.url, 'mirror/node', ['20'], await version(20));
  const { exitCode, stdout } = await runCli(['plan', '--config', config, '--json']);
  expect(exitCode).toBe(0);
  const [wanted, there] = [(await version(24)).root.digest, (await version(1)).root.digest];
  expect(JSON.parse(stdout)).toMatchObject({
    watches: [
      {
        watch: 'node',
        selected: ['22', '24', '20'],
        changes: [{ target: `${name}:24`, digest: wanted, reason: `tag moved from ${there} to ${wanted}` }],
        unchanged: 1,
        gone: ['20'],
        errors: [],
      },
    ],
  });
});

test('a plan with nothing to do exits with 3', async () => {
  const { target, config } = await world();
  for (const tag of ['22', '24']) {
    await pushContent(target.url, 'mirror/node', [tag], await version(Number(tag)));
  }
  const plain = await runCli(['plan', '--config', config]);
  expect(plain).toMatchObject({ exitCode: 3, stderr: '' });
  expect(plain.stdout).toContain('2 tags, 0 to import, 2 unchanged');
  const json = await runCli(['plan', '--config', config, '--json']);
  expect({ exitCode: json.exitCode, ...JSON.parse(json.stdout) }).toMatchObject({
    exitCode: 3,
    watches: [{ changes: [], unchanged: 2 }],
  });
});

test('a watch that cannot be planned is reported, and the others are planned', async () => {
  const { upstream, config } = await world(`  - name: missing
    source: localhost:1/base/none
    target: localhost:1/mirror/none
    tags: ["*"]
`);
  const { exitCode, stdout } = await runCli(['plan', '--config', config]);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^node: 2 tags, 2 to import/);
  expect(stdout).toMatch(/missing: 0 tags.*\n {2}! E_NETWORK {2}Could not .*nothing listens there/);
  expect(upstream.requests.length).toBeGreaterThan(0);
});

test('watches that are paused are left alone, and that is said when nothing else was asked for', async () => {
  const { config } = await world(
    '  - { name: resting, source: docker.io/a/b, target: c.example/d, tags: "1", paused: true }\n',
  );
  const all = JSON.parse((await runCli(['plan', '--config', config, '--json'])).stdout);
  expect(all.watches.map(({ watch }: { watch: string }) => watch)).toEqual(['node']);
  for (const flags of [[], ['--explain']]) {
    expect(await runCli(['plan', '--config', config, '--watch', 'resting', ...flags])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'longshore: Paused in the configuration: resting. Take away "paused: true" first.\n',
    });
  }
});
