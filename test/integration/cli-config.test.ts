import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli, runCliProcess } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/test-registry.ts';

async function configOf(text: string, name = 'longshore.yaml') {
  const folder = await temporaryFolder();
  const file = join(folder, name);
  await writeFile(file, text);
  return { folder, file };
}

const VALID = `registries:
  acme.azurecr.io:
    credentials: { username: robot, password: { env: ACME_PASSWORD } }
watches:
  - name: node
    source: docker.io/library/node
    target: acme.azurecr.io/base/node
    tags: "22"
    schedule: "0 * * * *"
  - source: ghcr.io/acme/very-long-name
    targets: [acme.azurecr.io/a, acme.azurecr.io/b]
    tags: ["1.*"]
    schedule: "30 4 * * *"
`;

test('a valid configuration is summed up; without an argument ./longshore.yaml is checked', async () => {
  const { folder } = await configOf(VALID);
  expect(await runCliProcess(['config', 'check'], { folder, environment: { ACME_PASSWORD: 'x' } })).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `./longshore.yaml is valid: 2 watches
  node                         docker.io/library/node -> acme.azurecr.io/base/node                  0 * * * *
  ghcr.io/acme/very-long-name  ghcr.io/acme/very-long-name -> acme.azurecr.io/a, acme.azurecr.io/b  30 4 * * *
`,
  });
});

test('a valid configuration as JSON', async () => {
  const { file } = await configOf(VALID);
  const { exitCode, stdout } = await runCli(['config', 'check', file, '--json'], {
    environment: { ACME_PASSWORD: 'x' },
  });
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ file, problems: [], watches: [{ name: 'node' }, {}] });
});

test('every problem is listed with its line and column, not only the first', async () => {
  const { file } = await configOf(`registries:
  acme.azurecr.io:
    credentials: { username: robot, password: { env: ACME_PASSWORD } }
    privat: true
watches:
  - source: docker.io/library/node
    tags: "22"
`);
  const plain = await runCli(['config', 'check', file]);
  expect(plain).toMatchObject({ exitCode: 2, stdout: '' });
  expect(plain.stderr).toContain('The configuration has 3 problems:');
  expect(plain.stderr).toContain(`${file}:3:`);
  expect(plain.stderr).toContain('the environment variable ACME_PASSWORD is not set');
  expect(plain.stderr).toContain(`${file}:4:5: `);
  expect(plain.stderr).toContain(`${file}:6:5: watches[0]: expected either target or targets`);
  const json = await runCli(['config', 'check', file, '--json']);
  expect(json).toMatchObject({ exitCode: 2, stdout: '' });
  const { error } = JSON.parse(json.stderr);
  expect(error).toMatchObject({ code: 'E_CONFIG' });
  expect(error.problems).toHaveLength(3);
});

test('broken YAML is placed', async () => {
  const { file } = await configOf('watches:\n  - source: "docker.io/library/node\n    tags: [\n');
  const { exitCode, stderr } = await runCli(['config', 'check', file]);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(new RegExp(`${file}:\\d+:\\d+: not valid YAML`));
});

test('a file that is not there is said to be missing', async () => {
  const { exitCode, stderr } = await runCli(['config', 'check', '/nowhere/longshore.yaml']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('/nowhere/longshore.yaml: ');
});
